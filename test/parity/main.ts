import { compileOne, readSources } from '../contract/compile-contract.js';
import { compileSurroundings } from '../contract/test-token.js';
import { runOptions, wholeOption } from '../support/run-options.js';
import { PLANTED_FAULTS, withFault } from './planted-faults.js';
import { parityText, playParity, requireEnough } from './play-parity.js';

const USAGE = `npm run parity -- OPTIONS: random operations through the ledger and through the contract

  --ops N          operations of each run; default 2000
  --runs N         default 1
  --seed S         of the first run, one more for each other; default: another one each time, which is printed
  --planted FAULT  a fault of the contract that must be found; with a wrong name, lists them
  --json           what happened as JSON on stdout

After each operation both have come to the same, done or refused with the same code, and the balances it is about
are equal; all of them at checkpoints. Exit code 1 where they differ, with the command that repeats it.
Example: npm run parity -- --ops 5000 --seed 7
`;

const values = runOptions(USAGE, {
  ops: { type: 'string', default: '2000' },
  runs: { type: 'string', default: '1' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  planted: { type: 'string' },
  json: { type: 'boolean', default: false },
});
const [ops, runs] = [wholeOption('ops', values.ops, 1), wholeOption('runs', values.runs, 1)];
const first = wholeOption('seed', values.seed);
const fault = values.planted === undefined ? undefined : PLANTED_FAULTS[values.planted];
if (values.planted !== undefined && fault === undefined) {
  const names = Object.keys(PLANTED_FAULTS).join('\n  ');
  process.stderr.write(`there is no planted fault ${values.planted}; there are:\n  ${names}\n`);
  process.exit(2);
}

const sources = readSources();
const contract = compileOne(fault === undefined ? sources : withFault(sources, fault), 'Multiverse');
const { token } = compileSurroundings();
for (let run = 0; run < runs; run += 1) {
  const seed = first + run;
  process.stderr.write(`seed ${seed}, ${ops} operations\n`);
  try {
    const tally = await playParity({ contract, token, ops, seed: BigInt(seed) });
    if (ops >= 2000) requireEnough(tally);
    const { done, refused, ...rest } = tally;
    const plain = {
      seed,
      ops,
      done: Object.fromEntries(done),
      refused: Object.fromEntries(refused),
      ...rest,
    };
    process.stdout.write(values.json ? `${JSON.stringify(plain)}\n` : `${parityText(tally)}\n`);
  } catch (thrown) {
    const planted = values.planted === undefined ? '' : ` --planted '${values.planted}'`;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    process.stderr.write(
      `FAILED: ${message}\nRepeat with npm run parity -- --ops ${ops} --seed ${seed}${planted}\n`,
    );
    process.exitCode = 1;
  }
}
