// A long life in one process: mixed executions over a few worlds with snapshots, branches, rewinds, push-downs, deletes and
// garbage collection in the background. Prints what it measured, and fails when something that should level off goes on
// growing. `npm run soak [-- --executions N --seed S --no-gc --json --data-dir PATH]`; needs `npm run build`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { composeRuntime } from '../dist/compose.js';
import { RuntimeClient } from '../dist/surfaces/client/runtime-client.js';
import { findings } from './soak-findings.mjs';

const { values: asked } = parseArgs({
  options: {
    executions: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    'no-gc': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'data-dir': { type: 'string' },
  },
});
const EXECUTIONS = Number(asked.executions);
const SAMPLES = 60;
const WORLDS = 6;
/** Names are for ever, so a soak gives only so many. */
const SNAPSHOTS_MAX = 10;

/** Park and Miller: choices that depend on nothing but the seed. */
let drawn = (Number(asked.seed) % 2147483646) + 1;
function below(end) {
  drawn = (drawn * 48271) % 2147483647;
  return drawn % end;
}

const dataDir = asked['data-dir'] ?? mkdtempSync(join(tmpdir(), 'soak-'));
const runtime = await composeRuntime({
  dataDir,
  workers: 2,
  retention: { states: 20, automatic: !asked['no-gc'] },
});
const client = new RuntimeClient(runtime.transport);
const wasm = runtime.context.substrate('wasm');

const worlds = [];
for (let n = 0; n < WORLDS; n += 1) {
  const world = await client.create({ name: `soak-${n}`, seed: n });
  await world.execute('import random\nkept = {}\nlog = []');
  worlds.push(world);
}

let executions = WORLDS;
let snapshots = 0;

/** Some pages change, some come back as they were; what the guest holds stays of one size. */
const step = (n) =>
  `kept[${n % 50}] = random.randbytes(${1000 + below(8000)})\nlog = (log + [${n}])[-200:]\nlen(kept), ${n}`;

async function execute(world, code) {
  executions += 1;
  await world.execute(code);
}

/** Three children run and go again. */
async function branchAndDelete(world) {
  const children = await world.branch({ count: 3 });
  for (const child of children) await execute(child, step(below(1000)));
  for (const child of children) await child.delete();
}

/** A condition opens and is resolved; what lost is deleted, so that nobody keeps it. */
async function pushDownAndUp(world) {
  const { verses } = await world.pushDown();
  for (const verse of Object.values(verses)) await execute(verse, step(below(1000)));
  await world.pullUp({ outcome: ['nash', 'optimal', 'chaos'][below(3)] });
  for (const verse of Object.values(verses)) await verse.delete();
}

/** A world does not go back beyond its beginning, nor beyond what is kept. */
async function rewindIfKept(world, steps) {
  try {
    await world.rewind({ steps });
  } catch (thrown) {
    if (thrown.code !== 'STATE_NOT_FOUND') throw thrown;
  }
}

async function act(world) {
  const what = below(100);
  if (what < 2) return branchAndDelete(world);
  if (what < 3) return pushDownAndUp(world);
  if (what < 5) return rewindIfKept(world, 1 + below(5));
  if (what < 6 && snapshots < SNAPSHOTS_MAX) {
    snapshots += 1;
    return world.snapshot(`soak-${snapshots}`);
  }
  return execute(world, step(executions));
}

async function sample() {
  const { kinds } = await client.diskUsage();
  const { slotsUsed } = await wasm.stats();
  global.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const { model } = runtime.context;
  return {
    executions,
    packs: (kinds.packs ?? 0) + (kinds.manifests ?? 0) + (kinds.index ?? 0),
    journal: (kinds.journal ?? 0) + (kinds['journal archive'] ?? 0),
    states: model.states.size,
    worlds: model.worlds.size,
    heap: heapUsed,
    rss,
    slots: slotsUsed,
  };
}

const samples = [];
const start = performance.now();
const every = Math.max(1, Math.floor(EXECUTIONS / SAMPLES));
let next = every;
while (executions < EXECUTIONS) {
  await act(worlds[below(WORLDS)]);
  if (executions < next) continue;
  next = executions + every;
  samples.push(await sample());
}
const seconds = (performance.now() - start) / 1000;
await runtime.close();
if (asked['data-dir'] === undefined) rmSync(dataDir, { recursive: true, force: true });

const found = findings(samples);
if (asked.json) {
  console.log(JSON.stringify({ executions, seconds, samples, findings: found }));
} else {
  const shown = samples.filter(
    (_, index) => index % Math.ceil(samples.length / 20) === 0 || index === samples.length - 1,
  );
  const megabytes = ({ packs, journal, heap, rss, ...rest }) => ({
    ...rest,
    'packs MB': +(packs / 1e6).toFixed(1),
    'journal MB': +(journal / 1e6).toFixed(1),
    'heap MB': +(heap / 1e6).toFixed(1),
    'RSS MB': +(rss / 1e6).toFixed(0),
  });
  console.table(shown.map(megabytes));
  console.log(
    `${executions} executions in ${seconds.toFixed(0)} s, ${((1000 * seconds) / executions).toFixed(1)} ms each`,
  );
  for (const line of found) console.log(line);
  if (found.length === 0)
    console.log('packs, states, heap, RSS and slab level off; the journal grows linearly');
}
process.exitCode = found.length === 0 ? 0 : 1;
