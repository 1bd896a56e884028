import type { Random } from '../simulation/random.js';

/** How often things really happened. */
export type Tally = Map<string, number>;

export interface Case {
  readonly random: Random;
  /** Counts something that happened. */
  readonly saw: (what: string) => void;
}

/** One target. A case throws when it found something; its random choices come from one seed. */
export interface Fuzzer extends AsyncDisposable {
  readonly name: string;
  run(one: Case): Promise<void>;
}
