// One process from start to first reply; cold-start.mjs times it. The argument is the data directory.
import { WorldRuntime } from '../dist/index.js';

const runtime = await WorldRuntime.open({ dataDir: process.argv[2] });
const world = await runtime.create();
const { value } = await world.execute('6 * 7');
process.stdout.write(`${value}\n`);
await runtime.close();
