import type { WevView } from '../../../model/api.js';
import type { Trit } from '../../../model/trit.js';

/** One verse of the demo, as it ended. */
export interface DemoVerse {
  readonly name: string;
  readonly worldId: string;
  readonly trit: Trit;
  readonly probability: string;
  readonly status: string;
  readonly cost: string | null;
  /** What the verse printed last. */
  readonly said: string;
  /** From request to acknowledgement, and in the interpreter, ms. */
  readonly timeMs: number;
  readonly runMs: number;
}

/** Balances of the world's account by verse, then token: base units as text. */
export type DemoBalances = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Measured times out of `runtime_metrics`, beside the target. */
export interface DemoTiming {
  readonly what: 'boot' | 'snapshot' | 'branch';
  readonly n: number;
  readonly slowestMs: number;
  readonly targetMs: number;
}

/** Everything the demo did and found. `wr demo --json` prints it. */
export interface DemoReport {
  readonly dataDir: string;
  readonly world: { readonly id: string; readonly name: string };
  readonly network: { readonly roads: number; readonly paths: readonly string[] };
  readonly snapshot: { readonly id: string; readonly name: string };
  readonly verses: readonly DemoVerse[];
  readonly gf3Sum: number;
  readonly oracle: string;
  readonly winner: string;
  readonly wev: WevView;
  /** A line run in the parent after pull-up, and what it answered. */
  readonly parentNow: { readonly code: string; readonly value: string | null };
  readonly balances: {
    readonly before: DemoBalances;
    readonly split: DemoBalances;
    readonly after: DemoBalances;
  };
  readonly timings: readonly DemoTiming[];
  /** The first world of a process also waits for the engine to start; later ones take `boot`. */
  readonly firstCreateMs: number;
  readonly pullUpTimeMs: number;
  readonly totalMs: number;
  /** Rows in the tables of the catalog. */
  readonly rows: Readonly<Record<string, number>>;
  /** The same numbers computed another way; `problems` is empty when all agree. */
  readonly check: {
    readonly expected: Readonly<Record<string, string>>;
    readonly problems: readonly string[];
  };
}
