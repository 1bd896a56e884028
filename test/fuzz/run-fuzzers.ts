import { seededRandom } from '../simulation/random.js';
import { fuzzFrames } from './fuzz-frames.js';
import { fuzzHosts } from './fuzz-hosts.js';
import { fuzzPatchWasm } from './fuzz-patch-wasm.js';
import { fuzzPython } from './fuzz-python.js';
import { fuzzStores } from './fuzz-stores.js';
import type { Fuzzer, Tally } from './fuzzer.js';

/** How each target is made ready. */
export const FUZZERS: Readonly<Record<string, () => Promise<Fuzzer>>> = {
  frames: async () => fuzzFrames(),
  hosts: async () => fuzzHosts(),
  stores: () => fuzzStores(),
  'patch-wasm': async () => fuzzPatchWasm(),
  python: () => fuzzPython(),
};

/** A case with this seed, as the others are; throws with how to repeat it. */
export async function fuzzOnce(fuzzer: Fuzzer, seed: bigint, tally: Tally): Promise<void> {
  const saw = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);
  try {
    await fuzzer.run({ random: seededRandom(seed), saw });
  } catch (thrown) {
    const what = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const again = `npm run fuzz -- --only ${fuzzer.name} --cases 1 --seed ${seed}`;
    throw new Error(`${what}\nRepeat with: ${again}`, { cause: thrown });
  }
}
