import { ratioOf, sample, summarise, timed } from './statistics.mjs';

const LINE = 'x = 1';

/** Branches one child of an idle parent, runs one line in it, has the reply. */
async function branchExecReply(parent) {
  const [child] = await parent.branch({ count: 1 });
  await child.execute(LINE);
}

async function warmParent(runtime, setup) {
  const parent = await runtime.create();
  await parent.execute(setup);
  return parent;
}

function branchLatency(setup) {
  return async (runtime, n) => {
    const parent = await warmParent(runtime, setup);
    return summarise(await sample(n, 20, () => timed(() => branchExecReply(parent))));
  };
}

export const LATENCY = [
  {
    name: 'wasm.create',
    unit: 'ms',
    goal: 30,
    samples: 100,
    async run(runtime, n) {
      return summarise(await sample(n, 5, () => timed(() => runtime.create())));
    },
  },
  {
    name: 'wasm.execute',
    unit: 'ms',
    goal: null,
    samples: 500,
    async run(runtime, n) {
      const world = await warmParent(runtime, LINE);
      return summarise(await sample(n, 20, () => timed(() => world.execute(LINE))));
    },
  },
  {
    name: 'wasm.branch_exec_reply',
    unit: 'ms',
    goal: 6,
    samples: 500,
    run: branchLatency(LINE),
  },
  {
    name: 'wasm.branch_exec_reply_52mb',
    unit: 'ms',
    goal: 9,
    samples: 200,
    run: branchLatency('numbers = list(range(1_000_000))'),
  },
  {
    name: 'wasm.snapshot_durable',
    unit: 'ms',
    goal: 30,
    samples: 100,
    async run(runtime, n) {
      const world = await warmParent(runtime, 'x = 0');
      const once = async () => {
        await world.execute('x += 1');
        return timed(() => world.snapshot());
      };
      return summarise(await sample(n, 5, once));
    },
  },
  {
    name: 'wasm.depth_ratio',
    unit: 'x',
    goal: 1.5,
    samples: 100,
    async run(runtime, n) {
      const shallow = await warmParent(runtime, 'depth = 1');
      const deep = await descend(shallow, 200);
      const atShallow = [];
      const atDeep = [];
      await sample(n, 10, async (i) => {
        const shallowMs = await timed(() => branchExecReply(shallow));
        const deepMs = await timed(() => branchExecReply(deep));
        if (i >= 0) {
          atShallow.push(shallowMs);
          atDeep.push(deepMs);
        }
      });
      return ratioOf(atDeep, atShallow);
    },
  },
];

/** A world `depth` branches below `from`; each one on the way has changed something. */
async function descend(from, depth) {
  let world = from;
  for (let level = 2; level <= depth; level += 1) {
    const [child] = await world.branch({ count: 1 });
    await child.execute(`depth = ${level}`);
    world = child;
  }
  return world;
}
