import type { Executor } from './executor-contract.js';
import type { EngineExports } from './pyodide-internals.js';
import { callWithText, type HarnessAddresses } from './python-calls.js';
import { runPreamble, unlimited } from './run-preamble.js';

export interface WarmUpOptions {
  readonly executor: Executor;
  readonly exports: EngineExports;
  readonly addresses: HarnessAddresses;
  /** Code that every world of the image starts behind. */
  readonly preamble: string | null;
}

/** Enough for CPython's adaptive interpreter and its caches to settle, as measured by the pages that `x = 1` changes. */
const ROUNDS = 30;

const SAMPLES = [
  'x = 1',
  'def _f(a, b=2):\n    "Adds."\n    return a + b',
  '_f(1)',
  'x = 2\nx * 21',
  'print("warm")',
  'import json\njson.loads("[1, 2]")',
  '1 / 0',
  'x = (',
] as const;

const SETTLING_ROUNDS = 5;
/** They leave nothing behind. */
const NEUTRAL_SAMPLES = ['__name__ = "__main__"', 'None', '7'] as const;

/**
 * Runs typical code before the base state is taken, then packs the heap: an execution should change few pages of
 * what it shares with every other world.
 */
export function warmUp(options: WarmUpOptions): void {
  const { executor, exports, addresses, preamble } = options;
  const run = (code: string) => {
    const outcome = executor.run(unlimited(code), () => {});
    if (outcome.kind !== 'done') throw new Error(`warming up with ${code}: ${JSON.stringify(outcome)}`);
  };
  for (let round = 0; round < ROUNDS; round++) for (const code of SAMPLES) run(code);
  callWithText(exports, addresses, addresses.tidy, '');
  // Behind the tidying, which would take its variables, and before the heap is packed.
  if (preamble !== null) runPreamble(executor, preamble);
  callWithText(exports, addresses, addresses.fillPools, '');
  fillHoles(exports);
  // The interpreter's free lists, which the collector has just emptied, fill again with objects that lie together.
  for (let round = 0; round < SETTLING_ROUNDS; round++) for (const code of NEUTRAL_SAMPLES) run(code);
  callWithText(exports, addresses, addresses.settle, '');
}

/** Fills the holes below the end of the heap, largest first, so that new blocks land together. */
function fillHoles(exports: EngineExports): void {
  const probe = exports.malloc(200_000);
  for (let size = 131_072; size >= 8; size -= stepBelow(size)) {
    for (let count = 0; count < 20_000; count++) {
      const block = exports.malloc(size);
      if (block === 0) break;
      if (block > probe) {
        exports.free(block);
        break;
      }
    }
  }
  exports.free(probe);
}

function stepBelow(size: number): number {
  if (size > 4096) return size / 2;
  return size > 512 ? 256 : 8;
}
