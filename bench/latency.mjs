import { availableParallelism } from 'node:os';
import { ratioOf, sample, summarise, timed } from './statistics.mjs';

const LINE = 'x = 1';
/** Branches above the deep world of `wasm.depth_ratio`. */
const DEPTH = 500;
/** Content of its own that makes a world 38 MiB of guest memory: the base has 25. */
const LARGE_BYTES = 13 * 1024 * 1024;
/** Until an execution's capture, which its caller does not wait for, is over. */
const CAPTURED_MS = 40;

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

/**
 * An execution whose worker must first load the world's memory, because it holds another world of that size. There
 * are more such worlds than workers, and they take turns.
 */
async function restoreColdWorker(runtime, n) {
  const worlds = [];
  for (let i = 0; i <= Math.min(8, Math.max(2, availableParallelism())); i += 1) {
    worlds.push(
      await warmParent(
        runtime,
        `import random\ndata = bytearray(random.randbytes(4096)) * ${LARGE_BYTES / 4096}`,
      ),
    );
  }
  const once = async (i) => {
    await new Promise((resolve) => setTimeout(resolve, CAPTURED_MS));
    return timed(() => worlds[(i + worlds.length) % worlds.length].execute('None'));
  };
  return summarise(await sample(n, worlds.length, once));
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
    goal: 3,
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
    goal: 15,
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
    name: 'wasm.restore_cold_worker',
    unit: 'ms',
    goal: 25,
    samples: 60,
    run: restoreColdWorker,
  },
  {
    name: 'wasm.depth_ratio',
    unit: 'x',
    goal: 1.2,
    samples: 100,
    async run(runtime, n) {
      const shallow = await warmParent(runtime, 'depth = 1');
      const deep = await descend(shallow, DEPTH);
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
