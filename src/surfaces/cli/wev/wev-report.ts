import type { WevView } from '../../../model/api.js';
import type { Trit } from '../../../model/trit.js';
import type { GameName } from './games.js';

/** One verse of a game, as it ended. Numbers are exact, as text. */
export interface GameVerse {
  readonly name: string;
  readonly trit: Trit;
  readonly probability: string;
  readonly cost: string | null;
  readonly said: string;
}

/** Where the true number lies, when it is no fraction: between these two. */
export interface Bounds {
  readonly lower: string;
  readonly upper: string;
}

/** Everything `wr wev demo` found. `--json` prints it. */
export interface WevReport {
  readonly dataDir: string;
  readonly game: GameName;
  readonly title: string;
  /** Of x^d; null where all latencies are affine. */
  readonly exponent: number | null;
  /** How many draw a path at random; null: infinitely many. */
  readonly drivers: number | null;
  readonly world: { readonly id: string; readonly name: string };
  readonly verses: readonly GameVerse[];
  readonly gf3Sum: number;
  readonly winner: string;
  readonly wev: WevView;
  /** Null where everything is exact. */
  readonly bounds: { readonly optimum: Bounds; readonly wev: Bounds; readonly wevValue: Bounds } | null;
  /** What an independent computation in this process gives, and what differs from it. */
  readonly check: {
    readonly expected: Readonly<Record<string, string>>;
    readonly problems: readonly string[];
  };
}
