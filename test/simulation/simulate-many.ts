import { type Simulation, simulate, type Tally } from './simulation.js';

export interface ManySimulations extends Partial<Omit<Simulation, 'seed'>> {
  readonly runs: number;
  /** The first of consecutive seeds. */
  readonly seed: bigint;
  readonly steps: number;
  readonly tally: Tally;
  /** How a failing seed is run again. */
  readonly repeatWith: (seed: bigint) => string;
  readonly onRun?: (done: number) => void;
}

/** Runs until one fails; its error says how to repeat it. */
export async function simulateMany({
  runs,
  seed: first,
  repeatWith,
  onRun,
  ...each
}: ManySimulations): Promise<void> {
  for (let n = 0; n < runs; n += 1) {
    const seed = first + BigInt(n);
    try {
      await simulate({ seed, ...each });
    } catch (thrown) {
      const what = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`${what}\nRepeat with ${repeatWith(seed)}`, { cause: thrown });
    }
    onRun?.(n + 1);
  }
}

/** What no run may ever meet, faults or not: the runtime contradicts itself. */
export const NEVER_IN_MEMORY = [
  'RECOVERY_DIVERGED',
  'STATE_LOST',
  'IMAGE_MISMATCH',
  'JOURNAL_CORRUPT',
  'INTERNAL',
];
/** On a disk that answers wrongly now and then, a state or the journal may be refused by name; never more. */
export const NEVER_ON_FILES = ['RECOVERY_DIVERGED', 'IMAGE_MISMATCH', 'INTERNAL'];

export function text(tally: Tally): string {
  return [...tally].map(([what, times]) => `${what}: ${times}`).join(', ');
}
