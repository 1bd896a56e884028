// Runs `x += 1` again and again in some worlds at once, says how long each round took, and is killed before it can close anything.
// Arguments: data directory, worlds, rounds.
import { writeSync } from 'node:fs';
import { WorldRuntime } from '../dist/index.js';
import { sample, timed } from './statistics.mjs';

const WARM_UP = 5;
const [dataDir, worlds, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const runtime = await WorldRuntime.open({ dataDir });
const all = [];
for (let i = 0; i < worlds; i += 1) {
  const world = await runtime.create({ name: `w${i}` });
  await world.execute('x = 0');
  all.push(world);
}
const samples = await sample(rounds, WARM_UP, () =>
  timed(() => Promise.all(all.map((world) => world.execute('x += 1')))),
);
writeSync(1, JSON.stringify({ samples, executions: WARM_UP + rounds }));
process.kill(process.pid, 'SIGKILL');
