import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { identityOf, openSubstrate, run, SPEC } from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

/** What might know how warm its executor is, or how deep its stack was. */
const PROGRAMS = [
  'import random, os, json, time\nL = [random.random() for _ in range(500)]\nos.urandom(8)',
  'def deep(n): return 0 if n == 0 else 1 + deep(n - 1)\ndeep(900)',
  'deepest = 0\ndef endless(n):\n    global deepest\n    deepest = n\n    endless(n + 1)\ntry: endless(0)\nexcept RecursionError as e: caught = str(e)\ndeepest',
  'a = b = None\nfor _ in range(5000): a, b = [a], [b]\ntry: same = a == b\nexcept RecursionError: same = None',
  'nested = "x"\nfor _ in range(400): nested = [nested]\ntry: text = json.dumps(nested)\nexcept RecursionError: text = None',
  'open("f", "w").write(repr(L))\ng = (i * i for i in range(10**9)); [next(g) for _ in range(50)]',
  'big = bytearray(3_000_000); sorted(L, key=lambda x: -x)[0]',
  'time.time(), {object() for _ in range(200)} and None',
];

const folders: string[] = [];
const substrates: WasmSubstrate[] = [];
afterAll(async () => {
  for (const one of substrates) await one[Symbol.asyncDispose]();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** With a base image that nobody built before. */
async function fromScratch(): Promise<WasmSubstrate> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'wr-bases-'));
  folders.push(cacheDir);
  const substrate = await openSubstrate({ cacheDir, workers: 1 });
  substrates.push(substrate);
  return substrate;
}

/** Roots and answers of a world's history, the base's digest first. */
async function history(substrate: WasmSubstrate): Promise<string[]> {
  const machine = await substrate.boot(SPEC, identityOf(1), {});
  const seen = [await substrate.baseDigest({})];
  for (const code of PROGRAMS) {
    const { value, error } = await run(machine, code);
    const state = await machine.snapshot({});
    seen.push(`${state.root} ${value} ${error?.type}`);
    await substrate.discard(state);
  }
  await machine[Symbol.asyncDispose]();
  return seen;
}

/** Other worlds run in the only executor, so that its engine has compiled what it compiles, and its memory was elsewhere. */
async function warmUp(substrate: WasmSubstrate, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const machine = await substrate.boot(SPEC, identityOf(100 + round), {});
    for (const code of PROGRAMS) await run(machine, code);
    await machine[Symbol.asyncDispose]();
  }
}

test('two base images made from scratch give equal roots, in an executor that is cold and in one that is warm', async () => {
  const [one, other] = [await fromScratch(), await fromScratch()];
  const cold = await history(one);
  expect(new Set(cold).size, 'every state has a root of its own').toBe(cold.length);
  for (const line of cold.slice(1)) expect(line).toMatch(/^[0-9a-f]{64} /);
  await warmUp(other, 40);
  expect(await history(other)).toEqual(cold);
  // The first one is as warm as the other now, and has run this before.
  await warmUp(one, 5);
  expect(await history(one)).toEqual(cold);
}, 180_000);
