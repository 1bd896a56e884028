import type { SubstrateSupport } from '../../ports/substrate.js';
import type { Bench, Start } from './bench.js';
import type { Dialect } from './dialect.js';

/** What a case asks of the substrate or of the language it is written in. */
export type Need = 'memory' | 'disk' | 'replay' | 'python';

export interface SubstrateCase {
  /** A behaviour: "a restored world sees the old file". Unique in the suite. */
  readonly name: string;
  readonly needs: readonly Need[];
  /** Where it makes a difference how the machine came to be: both, the default. */
  readonly starts?: readonly Start[];
  readonly run: (bench: Bench) => Promise<void>;
}

/** Whether a case can be written in a language at all. */
export function speaks(dialect: Dialect, needs: readonly Need[]): boolean {
  return dialect.language === 'python' || !needs.includes('python');
}

/** Why a case does not apply to a substrate, or null when it does. */
export function reasonToSkip(needs: readonly Need[], supports: SubstrateSupport): string | null {
  for (const need of needs) {
    if (need === 'python') {
      if (!supports.languages.includes('python')) return 'the substrate does not run Python';
    } else if (!supports[need]) {
      return `the substrate does not support ${need}`;
    }
  }
  return null;
}
