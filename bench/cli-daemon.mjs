import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { percentile, sample, timed } from './statistics.mjs';

const WR = fileURLToPath(new URL('../bin/wr.js', import.meta.url));

/** From starting Node with these arguments to the end of the process, ms. */
function nodeRun(args, env) {
  return timed(
    () =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, args, { stdio: 'ignore', env });
        child.once('error', reject);
        child.once('exit', (code) => {
          if (code === 0) resolve();
          else reject(new Error(`node ${args.join(' ')} ended with ${code}`));
        });
      }),
  );
}

export const CLI_DAEMON = [
  {
    /** What `wr exec` of one line takes through the daemon, beyond what Node takes to do nothing. */
    name: 'cli.exec_daemon',
    unit: 'ms',
    goal: 60,
    samples: 50,
    runsAlone: true,
    async run(folder, n) {
      const env = { ...process.env, WORLD_DATA_DIR: folder };
      const wr = (...args) => execFileSync(process.execPath, [WR, ...args], { env, stdio: 'pipe' });
      wr('up', '--detach');
      try {
        wr('create', 'w');
        wr('exec', 'w', 'x = 42');
        const bare = [];
        const commands = [];
        // In turns, so that both see the same machine.
        await sample(n, 3, async (i) => {
          const bareMs = await nodeRun(['-e', '0'], env);
          const commandMs = await nodeRun([WR, 'exec', 'w', 'x'], env);
          if (i >= 0) {
            bare.push(bareMs);
            commands.push(commandMs);
          }
        });
        const above = (p) => percentile(commands, p) - percentile(bare, p);
        const note = `p50 of node -e 0: ${percentile(bare, 0.5).toFixed(0)} ms`;
        return { n: commands.length, p50: above(0.5), p95: above(0.95), p99: above(0.99), note };
      } finally {
        wr('down');
      }
    },
  },
];
