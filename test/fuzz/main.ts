import { runOptions, wholeOption } from '../support/run-options.js';
import type { Fuzzer, Tally } from './fuzzer.js';
import { hasPython } from './native-python.js';
import { FUZZERS, fuzzOnce } from './run-fuzzers.js';

const USAGE = `npm run fuzz -- OPTIONS: damaged input for every reader, and random Python

  --seconds N  of each target; default 30
  --cases N    of each target, instead of seconds
  --seed S     the first seed; default: another one each time, which is printed
  --only NAME  one target: ${Object.keys(FUZZERS).join(', ')}
`;

const values = runOptions(USAGE, {
  seconds: { type: 'string', default: '30' },
  cases: { type: 'string' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  only: { type: 'string' },
});
const seconds = wholeOption('seconds', values.seconds, 1);
wholeOption('seed', values.seed);

const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (values.only !== undefined && !(values.only in FUZZERS)) {
  process.stderr.write(`there is no target ${values.only}; there are: ${Object.keys(FUZZERS).join(', ')}\n`);
  process.exit(2);
}
say(`seed ${values.seed}`);
for (const [name, make] of Object.entries(FUZZERS)) {
  if (values.only !== undefined && values.only !== name) continue;
  if (name === 'python' && !hasPython()) {
    say('python: skipped, there is no python3 of version 3.10 or newer here');
    continue;
  }
  const fuzzer = await make();
  try {
    say(await runFor(fuzzer));
  } catch (thrown) {
    process.stderr.write(`FAILED: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = 1;
  } finally {
    await fuzzer[Symbol.asyncDispose]();
  }
}

async function runFor(fuzzer: Fuzzer): Promise<string> {
  const tally: Tally = new Map();
  const until = performance.now() + seconds * 1000;
  const casesMax = values.cases === undefined ? Number.POSITIVE_INFINITY : Number(values.cases);
  let cases = 0;
  for (; cases < casesMax && (values.cases !== undefined || performance.now() < until); cases += 1) {
    await fuzzOnce(fuzzer, BigInt(values.seed) + BigInt(cases), tally);
  }
  const seen = [...tally].map(([what, times]) => `${what}: ${times}`).join(', ');
  return `${fuzzer.name}: ${cases} cases; ${seen}`;
}
