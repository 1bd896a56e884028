import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { runOptions, wholeOption } from '../support/run-options.js';
import { PLANTED_BUGS } from './planted-bugs.js';
import { NEVER_IN_MEMORY, NEVER_ON_FILES, simulateMany, text } from './simulate-many.js';
import type { Tally } from './simulation.js';

const USAGE = `npm run simulate -- OPTIONS: the runtime with faults, over a simulated substrate

  --runs N       default 2000; runs of even seeds are in memory, those of odd ones over the real stores
                 on files that misbehave and lose power
  --seed S       the first seed; default: another one each time, which is printed
  --steps N      of each run; default 12
  --jobs N       processes; default: one a core
  --planted BUG  a bug that must be found; with a wrong name, lists them
  --json         the tally as JSON on stdout
`;

const values = runOptions(USAGE, {
  runs: { type: 'string', default: '2000' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  steps: { type: 'string', default: '12' },
  jobs: { type: 'string', default: String(availableParallelism()) },
  planted: { type: 'string' },
  json: { type: 'boolean', default: false },
});

interface Told {
  readonly done: number;
  readonly tally: [string, number][];
  readonly failure: string | null;
}

const [runs, steps] = [wholeOption('runs', values.runs, 1), wholeOption('steps', values.steps, 1)];
wholeOption('seed', values.seed);
const seed = BigInt(values.seed);
const bug = values.planted === undefined ? undefined : PLANTED_BUGS[values.planted];
if (values.planted !== undefined && bug === undefined) {
  const names = Object.keys(PLANTED_BUGS).join('\n  ');
  process.stderr.write(`there is no planted bug ${values.planted}; there are:\n  ${names}\n`);
  process.exit(2);
}

if (process.send) await runPart(process.send.bind(process));
else await runAll();

/** In a child: its own seeds, told to the parent. */
async function runPart(tell: (told: Told) => void): Promise<void> {
  const tally: Tally = new Map();
  let done = 0;
  let failure: string | null = null;
  const repeatWith = (failing: bigint): string => {
    const planted = values.planted === undefined ? '' : ` --planted '${values.planted}'`;
    return `npm run simulate -- --runs 1 --seed ${failing} --steps ${steps}${planted}`;
  };
  try {
    for (; done < runs; done += 1) {
      const own = seed + BigInt(done);
      const onFiles = own % 2n === 1n;
      const planted = bug ? { planted: bug } : {};
      await simulateMany({ runs: 1, seed: own, steps, tally, onFiles, repeatWith, ...planted });
      for (const never of onFiles ? NEVER_ON_FILES : NEVER_IN_MEMORY) {
        if (tally.has(never)) throw new Error(`${never} happened\nRepeat with ${repeatWith(own)}`);
      }
      // On files a state may be refused by name; in memory it never is.
      if (onFiles) for (const allowed of NEVER_IN_MEMORY) rename(tally, allowed, `${allowed} on files`);
    }
  } catch (thrown) {
    failure = thrown instanceof Error ? thrown.message : String(thrown);
  }
  tell({ done, tally: [...tally], failure });
}

async function runAll(): Promise<void> {
  const started = performance.now();
  const jobs = Math.min(Math.max(1, Number(values.jobs)), runs);
  const share = Math.ceil(runs / jobs);
  process.stderr.write(`seed ${seed}, ${runs} runs of ${steps} steps\n`);
  const parts = Array.from({ length: jobs }, (_, job) => {
    const first = job * share;
    return part({ seed: seed + BigInt(first), runs: Math.max(0, Math.min(share, runs - first)) });
  });
  const told = await Promise.all(parts);
  const tally: Tally = new Map();
  for (const { tally: own } of told)
    for (const [what, times] of own) tally.set(what, (tally.get(what) ?? 0) + times);
  const done = told.reduce((sum, one) => sum + one.done, 0);
  const seconds = (performance.now() - started) / 1000;
  const failures = told.flatMap(({ failure }) => failure ?? []);
  if (values.json) {
    process.stdout.write(
      `${JSON.stringify({ seed: `${seed}`, done, seconds, tally: Object.fromEntries(tally), failures })}\n`,
    );
  } else {
    process.stdout.write(`${text(tally)}\n`);
    const perMinute = Math.round((done / seconds) * 60);
    process.stdout.write(`${done} runs in ${seconds.toFixed(0)} s, ${perMinute} a minute\n`);
  }
  for (const failure of failures) process.stderr.write(`FAILED: ${failure}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function part(own: { seed: bigint; runs: number }): Promise<Told> {
  const args = ['--runs', `${own.runs}`, '--seed', `${own.seed}`, '--steps', `${steps}`];
  if (values.planted !== undefined) args.push('--planted', values.planted);
  const child = fork(fileURLToPath(import.meta.url), args);
  return new Promise((resolve, reject) => {
    child.once('message', (told) => resolve(told as Told));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`a part of the simulation ended with ${code}`)));
  });
}

function rename(tally: Tally, from: string, to: string): void {
  const times = tally.get(from);
  if (times === undefined) return;
  tally.delete(from);
  tally.set(to, (tally.get(to) ?? 0) + times);
}
