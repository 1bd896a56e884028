import { parseArgs } from 'node:util';
import type { Fuzzer, Tally } from './fuzzer.js';
import { hasPython } from './native-python.js';
import { FUZZERS, fuzzOnce } from './run-fuzzers.js';

/** `npm run fuzz -- [--seconds N | --cases N] [--seed S] [--only NAME]`: seconds are of each target. */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    cases: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (values.only !== undefined && !(values.only in FUZZERS)) {
  throw new Error(`there is no target ${values.only}; there are: ${Object.keys(FUZZERS).join(', ')}`);
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
  const until = performance.now() + Number(values.seconds) * 1000;
  const casesMax = values.cases === undefined ? Number.POSITIVE_INFINITY : Number(values.cases);
  let cases = 0;
  for (; cases < casesMax && (values.cases !== undefined || performance.now() < until); cases += 1) {
    await fuzzOnce(fuzzer, BigInt(values.seed) + BigInt(cases), tally);
  }
  const seen = [...tally].map(([what, times]) => `${what}: ${times}`).join(', ');
  return `${fuzzer.name}: ${cases} cases; ${seen}`;
}
