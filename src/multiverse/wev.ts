import { probabilityToFraction } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import type { TokenId } from './account.js';

/** The two children that world extractable value compares. */
export type WevRole = 'nash' | 'optimal';

/** One verse of a resolved (or about to be resolved) condition, as the measurement sees it. */
export interface WevVerse {
  readonly name: string;
  /** What the verse stands for; without it, a verse named `nash` or `optimal` stands for that. */
  readonly role?: WevRole | undefined;
  /** Units of 1e-18. */
  readonly probability: bigint;
  /** Reported cost, >= 0, in the cost token; absent when nothing was reported. */
  readonly cost?: Rational | undefined;
}

export interface WevInput {
  readonly verses: readonly WevVerse[];
  /** Index of the verse that won; absent before resolution. */
  readonly winner?: number | undefined;
  /** Base units by token that evaporate with the losing verses, from `losingBalances`. */
  readonly losingBalances?: Readonly<Record<TokenId, bigint>> | undefined;
}

/** The fields of a measurement that are numbers. */
export const WEV_FIELDS = ['poa', 'wev', 'wevValue', 'regret', 'pctExtractable', 'wevExpected'] as const;
export type WevField = (typeof WEV_FIELDS)[number];

/**
 * World extractable value (Roughgarden and Tardos, "How bad is selfish routing?", 2002, for the price of anarchy).
 * A figure that cannot be known is null and `reasons` says why; it is never a made-up 0.
 */
export interface WevMeasurement {
  /** Price of anarchy, C_nash / C_opt: a ratio >= 1. */
  readonly poa: Rational | null;
  /** poa - 1: a ratio. */
  readonly wev: Rational | null;
  /** C_nash - C_opt, in the cost token. */
  readonly wevValue: Rational | null;
  /** Sum over losing verses of max(0, c - c_winner), in the cost token. */
  readonly regret: Rational | null;
  /** 1 - C_opt / C_nash: a ratio from 0 to 1. */
  readonly pctExtractable: Rational | null;
  /** Probability-weighted cost minus C_opt, in the cost token: what is known before resolution. */
  readonly wevExpected: Rational | null;
  /** True when C_opt is 0 and C_nash is not, so that poa and wev have no bound. */
  readonly unbounded: boolean;
  /** Base units by token in the losing verses. They evaporate; nobody extracts them. */
  readonly losingBalances: Readonly<Record<TokenId, bigint>>;
  readonly reasons: Readonly<Partial<Record<WevField, string>>>;
}

/** A figure, or why there is none. */
type Figure = { readonly value: Rational } | { readonly reason: string };

/**
 * Measures world extractable value. It mints nothing and moves nothing.
 *
 * @throws BAD_NUMBER for a negative cost, MISLABELLED_OPTIMUM when a verse is cheaper than the one called optimal,
 * BAD_INPUT when two verses claim one role or the winner does not exist.
 */
export function measureWev(input: WevInput): WevMeasurement {
  for (const verse of input.verses) requireCost(verse);
  const nash = costOfRole(input.verses, 'nash');
  const optimal = costOfRole(input.verses, 'optimal');
  if ('value' in optimal) requireOptimum(input.verses, optimal.value);
  const ratios = ratiosOf(nash, optimal);
  const figures: Record<WevField, Figure> = {
    ...ratios.figures,
    regret: regretOf(input),
    wevExpected: combine(expectedCost(input.verses), optimal, Rational.sub),
  };
  return {
    poa: orNull(figures.poa),
    wev: orNull(figures.wev),
    wevValue: orNull(figures.wevValue),
    regret: orNull(figures.regret),
    pctExtractable: orNull(figures.pctExtractable),
    wevExpected: orNull(figures.wevExpected),
    unbounded: ratios.unbounded,
    losingBalances: { ...input.losingBalances },
    reasons: Object.fromEntries(
      Object.entries(figures).flatMap(([field, figure]) =>
        'reason' in figure ? [[field, figure.reason]] : [],
      ),
    ),
  };
}

/** The measurement's figures as doubles, for display; null stays null. */
export function wevToNumbers(measurement: WevMeasurement): Record<WevField, number | null> {
  return mapFigures(measurement, Rational.toNumber);
}

/** The measurement's figures as exact text such as "1/3", for storing; null stays null. */
export function wevToTexts(measurement: WevMeasurement): Record<WevField, string | null> {
  return mapFigures(measurement, Rational.toText);
}

function mapFigures<T>(
  measurement: WevMeasurement,
  write: (figure: Rational) => T,
): Record<WevField, T | null> {
  const of = (figure: Rational | null) => (figure === null ? null : write(figure));
  return {
    poa: of(measurement.poa),
    wev: of(measurement.wev),
    wevValue: of(measurement.wevValue),
    regret: of(measurement.regret),
    pctExtractable: of(measurement.pctExtractable),
    wevExpected: of(measurement.wevExpected),
  };
}

function ratiosOf(nash: Figure, optimal: Figure) {
  const wevValue = combine(nash, optimal, Rational.sub);
  if (!('value' in nash) || !('value' in optimal)) {
    return {
      unbounded: false,
      figures: { poa: wevValue, wev: wevValue, wevValue, pctExtractable: wevValue },
    };
  }
  // Nothing to extract where nothing is spent.
  if (nash.value.num === 0n) {
    const zero: Figure = { value: Rational.ZERO };
    return {
      unbounded: false,
      figures: { poa: { value: Rational.ONE }, wev: zero, wevValue, pctExtractable: zero },
    };
  }
  const pctExtractable = { value: Rational.sub(Rational.ONE, Rational.div(optimal.value, nash.value)) };
  if (optimal.value.num === 0n) {
    const none: Figure = {
      reason: 'the optimal cost is 0 and the nash cost is not, so the ratio has no bound',
    };
    return { unbounded: true, figures: { poa: none, wev: none, wevValue, pctExtractable } };
  }
  const poa = Rational.div(nash.value, optimal.value);
  const wev = { value: Rational.sub(poa, Rational.ONE) };
  return { unbounded: false, figures: { poa: { value: poa }, wev, wevValue, pctExtractable } };
}

function regretOf({ verses, winner }: WevInput): Figure {
  if (winner === undefined) return { reason: 'there is no winner yet' };
  const won = verses[winner];
  if (won === undefined) {
    throw new WorldError('BAD_INPUT', `there is no verse ${winner} to have won: there are ${verses.length}`, {
      details: { winner },
    });
  }
  return mapCosts(verses, (costs) => {
    const least = won.cost ?? Rational.ZERO;
    const extra = costs.map((cost) => Rational.sub(cost, least)).filter((difference) => difference.num > 0n);
    return Rational.sum(extra);
  });
}

function expectedCost(verses: readonly WevVerse[]): Figure {
  return mapCosts(verses, (costs) =>
    Rational.sum(
      costs.map((cost, index) => Rational.mul(cost, probabilityToFraction(verses[index]?.probability ?? 0n))),
    ),
  );
}

/** A figure that needs every verse's cost. */
function mapCosts(verses: readonly WevVerse[], compute: (costs: readonly Rational[]) => Rational): Figure {
  const silent = verses.filter((verse) => verse.cost === undefined).map((verse) => verse.name);
  if (silent.length > 0) return { reason: `no cost was reported for ${silent.join(', ')}` };
  return { value: compute(verses.flatMap((verse) => verse.cost ?? [])) };
}

function costOfRole(verses: readonly WevVerse[], role: WevRole): Figure {
  const verse = verseOfRole(verses, role);
  if (verse === undefined) return { reason: `no verse has the role ${role}` };
  if (verse.cost === undefined)
    return { reason: `no cost was reported for ${verse.name}, the ${role} verse` };
  return { value: verse.cost };
}

/** An explicit role wins over a name. */
function verseOfRole(verses: readonly WevVerse[], role: WevRole): WevVerse | undefined {
  const explicit = verses.filter((verse) => verse.role === role);
  const candidates =
    explicit.length > 0
      ? explicit
      : verses.filter((verse) => verse.role === undefined && verse.name === role);
  if (candidates.length > 1) {
    const names = candidates.map((verse) => verse.name);
    throw new WorldError(
      'BAD_INPUT',
      `${names.join(' and ')} both have the role ${role}: give it to one verse`,
      {
        details: { role, verses: names },
      },
    );
  }
  return candidates[0];
}

function requireCost({ name, cost }: WevVerse): void {
  if (cost === undefined || cost.num >= 0n) return;
  throw new WorldError(
    'BAD_NUMBER',
    `${name} reports the cost ${Rational.toText(cost)}: a cost is at least 0`,
    {
      details: { verse: name, cost: Rational.toText(cost) },
    },
  );
}

function requireOptimum(verses: readonly WevVerse[], optimum: Rational): void {
  const cheaper = verses.find(({ cost }) => cost !== undefined && Rational.cmp(cost, optimum) < 0);
  if (cheaper?.cost === undefined) return;
  const found = Rational.toText(cheaper.cost);
  throw new WorldError(
    'MISLABELLED_OPTIMUM',
    `${cheaper.name} costs ${found}, less than the ${Rational.toText(optimum)} of the verse called optimal`,
    { details: { verse: cheaper.name, cost: found, optimum: Rational.toText(optimum) } },
  );
}

function combine(a: Figure, b: Figure, compute: (x: Rational, y: Rational) => Rational): Figure {
  if (!('value' in a)) return a;
  return 'value' in b ? { value: compute(a.value, b.value) } : b;
}

function orNull(figure: Figure): Rational | null {
  return 'value' in figure ? figure.value : null;
}
