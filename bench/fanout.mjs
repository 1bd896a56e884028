import { summarise, timed } from './statistics.mjs';

/** All children branched and all have replied. Each round has a parent of its own. */
function fanout(count) {
  return async (runtime, n) => {
    const warmUp = await runtime.create();
    await round(warmUp, Math.min(count, 50));
    const samples = [];
    for (let i = 0; i < n; i += 1) {
      const parent = await runtime.create();
      await parent.execute('x = 1');
      samples.push(await timed(() => round(parent, count)));
    }
    return summarise(samples);
  };
}

async function round(parent, count) {
  await parent.branch({ count });
  const replies = await parent.executeInAll('x = 2');
  const failed = replies.find(({ execution }) => execution === null || !execution.ok);
  if (failed || replies.length !== count) {
    throw new Error(`${replies.length} of ${count} replied; ${JSON.stringify(failed?.failure ?? null)}`);
  }
}

export const FANOUT = [
  { name: 'wasm.fanout_100', unit: 'ms', goal: null, samples: 5, run: fanout(100) },
  { name: 'wasm.fanout_1000', unit: 'ms', goal: 2000, samples: 3, run: fanout(1000) },
];
