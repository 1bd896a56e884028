// One process of the sibling measurement: data directory, number of children. Answers each message with two times.
import { WorldRuntime } from '../dist/index.js';
import { timed } from './statistics.mjs';

const BATCH = 1000;
const [dataDir, count] = [process.argv[2], Number(process.argv[3])];
const runtime = await WorldRuntime.open({ dataDir });
const parent = await runtime.create();
await parent.execute('x = 1');
const [child] = await parent.branch({ count: 1 });
const start = performance.now();
for (let made = 1; made < count; made += BATCH) {
  await parent.branch({ count: Math.min(BATCH, count - made) });
}
const builtS = (performance.now() - start) / 1000;
// The catalog's queue is written out, so that it does not run beside what is measured.
await runtime.query('SELECT 1');

process.on('message', async () => {
  const executeMs = await timed(() => child.execute('x += 1'));
  const branchMs = await timed(() => parent.branch({ count: 1 }));
  process.send({ executeMs, branchMs });
});
process.on('disconnect', () => runtime.close());
process.send({ builtS });
