import type { Trit } from '../../../model/trit.js';

/** The games of `wr wev demo`, by name. */

export const GAME_NAMES = ['braess', 'pigou', 'pigou-d', 'braess-4000'] as const;
export type GameName = (typeof GAME_NAMES)[number];

/** The exponents that the literature has numbers for. */
export const EXPONENTS = [2, 3, 4] as const;
export type Exponent = (typeof EXPONENTS)[number];

/** One game: what the world runs first, and what each verse runs. Files are named from the folder of the examples. */
export interface Game {
  readonly name: GameName;
  readonly title: string;
  /** Code before the files, and the files. */
  readonly before: string | null;
  readonly setup: readonly string[];
  readonly programs: Readonly<Record<'nash' | 'optimal' | 'chaos', string>>;
  /** How many draw a path at random; null: infinitely many. */
  readonly drivers: number | null;
  /** Of a latency of x^d; null where all latencies are affine. */
  readonly exponent: Exponent | null;
}

/** The triad of a push-down, with the probabilities of the specification's table. */
export const OUTCOMES: { name: keyof Game['programs']; trit: Trit; probability: string }[] = [
  { name: 'nash', trit: -1, probability: '0.45' },
  { name: 'optimal', trit: 0, probability: '0.35' },
  { name: 'chaos', trit: 1, probability: '0.20' },
];

const ROUTING = { nash: 'braess/selfish.py', optimal: 'braess/optimal.py' } as const;

export function gameOf(name: GameName, exponent: Exponent): Game {
  const affine = { name, before: null, exponent: null };
  switch (name) {
    case 'braess':
      return {
        ...affine,
        title: 'Braess: one unit of traffic, latencies x, 1 and 0',
        setup: ['braess/network.py'],
        programs: { ...ROUTING, chaos: 'braess/random_routing.py' },
        drivers: null,
      };
    case 'pigou':
      return {
        ...affine,
        title: 'Pigou: latencies x and 1',
        setup: ['braess/network.py', 'wev/pigou.py'],
        programs: { ...ROUTING, chaos: 'wev/random_drivers.py' },
        drivers: 10,
      };
    case 'braess-4000':
      return {
        ...affine,
        title: 'Braess: 4000 drivers, latencies traffic/100 and 45 minutes, link open',
        setup: ['braess/network.py', 'wev/braess_4000.py'],
        programs: { ...ROUTING, chaos: 'wev/random_drivers.py' },
        drivers: 4000,
      };
    case 'pigou-d':
      return {
        name,
        title: `Pigou: latencies x^${exponent} and 1`,
        before: `D = ${exponent}`,
        setup: ['wev/power.py'],
        programs: {
          nash: 'wev/power_selfish.py',
          optimal: 'wev/power_optimal.py',
          chaos: 'wev/power_random.py',
        },
        drivers: 10,
        exponent,
      };
  }
}
