import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { rewriteWasm } from '../../src/substrates/wasm/executor/patch-wasm.js';
import { fuzzFrames } from './fuzz-frames.js';
import { fuzzPatchWasm } from './fuzz-patch-wasm.js';
import { fuzzPython } from './fuzz-python.js';
import { fuzzStores } from './fuzz-stores.js';
import type { Fuzzer, Tally } from './fuzzer.js';
import { hasPython } from './native-python.js';
import { FUZZERS, fuzzOnce } from './run-fuzzers.js';

/** Repeat a failure as its message says, and look longer with `npm run fuzz`. */
const SEED = BigInt(process.env['FUZZ_SEED'] ?? 1);

/** Cases of each target, and what they must have met. */
const TARGETS: Readonly<Record<string, { cases: number; seen: Readonly<Record<string, number>> }>> = {
  frames: {
    cases: 3000,
    seen: {
      'frames refused': 300,
      'damaged streams decoded': 300,
      'sound streams decoded': 300,
      'messages refused': 300,
      'messages accepted': 300,
    },
  },
  hosts: { cases: 10, seen: { 'liars found out': 2, 'hosts with damaged orders': 2 } },
  stores: {
    cases: 500,
    seen: {
      'fresh journal not opened': 5,
      'golden journal refused in part': 0,
      'fresh packs refused in part': 5,
      'golden packs refused in part': 5,
      'fresh checkpoints shorter': 5,
    },
  },
  'patch-wasm': { cases: 400, seen: { 'damaged engines refused': 10, 'damaged modules refused': 50 } },
  python: { cases: 80, seen: { 'programs that ended well': 20, 'programs that raised': 3 } },
};

const python = hasPython();
if (!python && process.env['REQUIRE_PYTHON3'] === '1')
  throw new Error('REQUIRE_PYTHON3=1, but there is no python3');

async function fuzz(fuzzer: Fuzzer, cases: number): Promise<Tally> {
  const tally: Tally = new Map();
  try {
    for (let n = 0n; n < BigInt(cases); n += 1n) await fuzzOnce(fuzzer, SEED + n, tally);
  } finally {
    await fuzzer[Symbol.asyncDispose]();
  }
  return tally;
}

describe('fuzzing finds nothing', () => {
  test('and every target is tried', () => {
    expect(Object.keys(TARGETS)).toEqual(Object.keys(FUZZERS));
  });

  test.each(Object.entries(TARGETS))('in %s', { timeout: 600_000 }, async (name, { cases, seen }) => {
    if (name === 'python' && !python) {
      process.stdout.write('skipped: python3 of version 3.10 or newer is missing\n');
      return;
    }
    const tally = await fuzz(await FUZZERS[name]!(), cases);
    process.stdout.write(`${name}: ${JSON.stringify(Object.fromEntries(tally))}\n`);
    for (const [what, least] of Object.entries(seen)) {
      expect(tally.get(what) ?? 0, what).toBeGreaterThanOrEqual(least);
    }
    expect([...tally.values()].reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(cases);
  });
});

describe('fuzzing notices', { timeout: 120_000 }, () => {
  const finding = async (fuzzer: Fuzzer, cases: number): Promise<unknown> =>
    fuzz(fuzzer, cases).then(
      () => expect.fail('nothing was found'),
      (thrown: Error) => thrown.cause,
    );

  test('a decoder that takes the start of a frame for all of it', async () => {
    const decode = (): [] => [];
    expect(await finding(fuzzFrames(decode), 100)).toBeInstanceOf(AssertionError);
  });

  test('a store that hands out damaged bytes', async () => {
    const trusting = await fuzzStores(
      (content) =>
        new Map([...content].map(([what, text]) => [what, text.startsWith('error ') ? 'x' : text])),
    );
    expect(await finding(trusting, 200)).toBeInstanceOf(AssertionError);
  });

  test('a patcher that looks at the structure of the engine only', async () => {
    expect(await finding(fuzzPatchWasm(rewriteWasm), 400)).toBeInstanceOf(AssertionError);
  });

  test.runIf(python)('a Python that computes something else', async () => {
    const wrong = await fuzzPython((program) => program.replaceAll('^', '|'));
    expect(await finding(wrong, 80)).toBeInstanceOf(AssertionError);
  });
});
