import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sample, summarise } from './statistics.mjs';

const PROGRAM = fileURLToPath(new URL('./first-reply.mjs', import.meta.url));

/** From starting a process to the first reply it prints, ms. The process is waited for, but not counted. */
function startToReply(dataDir) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let replyMs = null;
    const child = spawn(process.execPath, [PROGRAM, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => {
      replyMs = performance.now() - start;
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0 && replyMs !== null) resolve(replyMs);
      else reject(new Error(`the process that should reply ended with ${code}`));
    });
  });
}

export const COLD_START = [
  {
    name: 'wasm.cold_start',
    unit: 'ms',
    goal: 1500,
    samples: 10,
    runsAlone: true,
    async run(folder, n) {
      // The warm-up run builds the engine's startup snapshot.
      return summarise(await sample(n, 1, () => startToReply(folder)));
    },
  },
];
