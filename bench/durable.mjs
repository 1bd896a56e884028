import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { WorldRuntime } from '../dist/index.js';
import { sample, summarise } from './statistics.mjs';
import { openAgain } from './store.mjs';

const PROGRAM = fileURLToPath(new URL('./killed-executions.mjs', import.meta.url));

/**
 * Time of acknowledged executions, ms each, in `worlds` worlds at once. Their process is killed with -9 right after the last answer; that each
 * of them is there afterwards is part of the measurement.
 */
function acknowledged(worlds) {
  return async (dataDir, n) => {
    const args = [PROGRAM, dataDir, String(worlds), String(n)];
    const { stdout, stderr, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (signal !== 'SIGKILL') throw new Error(`the executions did not come to their end: ${stderr}`);
    const { samples, executions } = JSON.parse(stdout);
    const runtime = await WorldRuntime.open({ dataDir });
    try {
      for (let i = 0; i < worlds; i += 1) {
        const { value } = await (await runtime.world(`w${i}`)).execute('x');
        if (value !== String(executions)) throw new Error(`x is ${value} after ${executions} executions`);
      }
    } finally {
      await runtime.close();
    }
    return summarise(samples.map((ms) => ms / worlds));
  };
}

const KILLED = "process.kill(process.pid, 'SIGKILL')";

/** 10,000 worlds with a durable state each, opened after the process that made them was killed, by processes that are killed too. */
async function openAfterKill(dataDir, n) {
  const store = JSON.stringify(new URL('./store.mjs', import.meta.url).href);
  const program = `
    import { makeTenThousand } from ${store};
    await makeTenThousand(process.argv[1], () => ${KILLED});`;
  const args = ['--input-type=module', '-e', program, dataDir];
  const { stderr, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (signal !== 'SIGKILL') throw new Error(`the worlds were not made: ${stderr}`);
  return summarise(await sample(n, 0, () => openAgain(dataDir, KILLED)));
}

export const DURABLE = [
  { name: 'durable.execute', unit: 'ms', goal: 3, samples: 500, runsAlone: true, run: acknowledged(1) },
  // 500 executions a second, in 50 worlds.
  {
    name: 'durable.execute_50_worlds',
    unit: 'ms',
    goal: 2,
    samples: 40,
    runsAlone: true,
    run: acknowledged(50),
  },
  { name: 'recovery.open', unit: 'ms', goal: 2000, samples: 5, runsAlone: true, run: openAfterKill },
];
