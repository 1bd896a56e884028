import { spawnSync } from 'node:child_process';
import { WorldRuntime } from '../dist/index.js';
import { sample, summarise, timed } from './statistics.mjs';

const EXECUTIONS = 500;
const INDEX = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);
/** Nothing becomes durable, so that all of it is run again. */
const NEVER = '{ executions: 1_000_000, runMs: 1e9, closeRunMs: 1e9, idleMs: 0 }';

/** Runs a program whose process is killed at its end, and answers what it wrote as JSON. */
function killed(body, dataDir) {
  const program = `
    import { writeSync } from 'node:fs';
    import { WorldRuntime } from ${INDEX};
    const runtime = await WorldRuntime.open({ dataDir: process.argv[1], durability: ${NEVER} });
    const say = (what) => writeSync(1, JSON.stringify(what));
    ${body}
    process.kill(process.pid, 'SIGKILL');`;
  const args = ['--input-type=module', '-e', program, dataDir];
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (signal !== 'SIGKILL') throw new Error(`it did not come to its end: ${stderr}`);
  return JSON.parse(stdout);
}

const RUN = `
  const world = await runtime.create({ name: 'w' });
  await world.execute('x = 0');
  for (let i = 1; i < ${EXECUTIONS}; i += 1) await world.execute('x += 1');
  say(null);`;

/** The engine runs before, so that its start does not count; what is looked at is made of everything before it. */
const RECOVER = `
  await (await runtime.create()).execute('0');
  const world = await runtime.world('w');
  const start = performance.now();
  const { value } = await world.execute('x');
  say({ ms: performance.now() - start, value });`;

/** Time for each execution that a recovery runs again, ms. A process that had made them was killed, and so is each that recovers them. */
async function recoveryReplay(dataDir, n) {
  killed(RUN, dataDir);
  const samples = await sample(n, 0, async (i) => {
    const { ms, value } = killed(RECOVER, dataDir);
    if (value !== String(EXECUTIONS - 1)) throw new Error(`x is ${value}`);
    // Those that looked at it are run again too.
    return ms / (EXECUTIONS + i);
  });
  return withRate(samples);
}

/** Time for each execution that `wr verify` runs again in a process of its own, started included, ms. */
async function verify(dataDir, n) {
  const runtime = await WorldRuntime.open({ dataDir });
  try {
    const world = await runtime.create();
    await world.execute('x = 0');
    for (let i = 1; i < EXECUTIONS; i += 1) await world.execute('x += 1');
    const samples = await sample(n, 0, async () => {
      const ms = await timed(async () => {
        const { executions } = await world.verify();
        if (executions !== EXECUTIONS) throw new Error(`${executions} executions were verified`);
      });
      return ms / EXECUTIONS;
    });
    return withRate(samples);
  } finally {
    await runtime.close();
  }
}

function withRate(samples) {
  const summary = summarise(samples);
  return { ...summary, note: `${Math.round(1000 / summary.p50)} executions/s` };
}

export const REPLAY = [
  { name: 'recovery.replay', unit: 'ms', goal: null, samples: 5, runsAlone: true, run: recoveryReplay },
  { name: 'verify', unit: 'ms', goal: null, samples: 5, runsAlone: true, run: verify },
];
