import { strict as assert } from 'node:assert';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConditionId } from '../../src/model/ids.js';
import { equalProbabilities, PROBABILITY_ONE, probabilityToText } from '../../src/model/probability.js';
import { Rational } from '../../src/model/rational.js';
import { isErrorCode, WorldError } from '../../src/model/world-error.js';
import {
  Ledger,
  marketAccountOf,
  marketPrices,
  planMarket,
  planMarketClose,
  planPullUp,
  planTrade,
  quoteTrade,
  ROOT_VERSE_ID,
  type TradeOrder,
} from '../../src/multiverse/index.js';

const SEED = Number(process.env['PROPERTY_SEED'] ?? '20250501');
const RUNS = Number(process.env['MARKET_RUNS'] ?? '200');
const CONDITION = ConditionId.parse(`cnd_${'M'.repeat(26)}`);
const MAKER = marketAccountOf(CONDITION);
const TRADERS = ['ann', 'bob', 'cyd'];
const MONEY = 10n ** 9n;

type Plan = ReturnType<typeof planTrade>;
/** How a trade is planned: by the product, or by something with a planted fault. */
type Planner = (ledger: Ledger, order: TradeOrder) => Plan;

interface Tally {
  bought: number;
  sold: number;
  refused: number;
  worstLossShare: number;
}

interface Scene {
  readonly outcomes: number;
  readonly liquidity: number;
  readonly trades: readonly (readonly [number, number, number, number])[];
  readonly winner: number;
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  outcomes: fc.integer({ min: 2, max: 6 }),
  liquidity: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 5000 })),
  trades: fc.noBias(
    fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(9999)), {
      minLength: 1,
      maxLength: 40,
      size: 'max',
    }),
  ),
  winner: fc.nat(5),
});

function market({ outcomes, liquidity }: Scene): Ledger {
  const ledger = new Ledger();
  const names = Array.from({ length: outcomes }, (_, index) => `o${index}`);
  const deposit = (owner: string) =>
    ({ kind: 'deposit', by: owner, owner, token: 'usd', verse: ROOT_VERSE_ID, amount: `${MONEY}` }) as const;
  ledger.applyAll([
    ...['bank', ...TRADERS].map(deposit),
    {
      kind: 'openCondition',
      by: 'oracle',
      condition: CONDITION,
      verse: ROOT_VERSE_ID,
      outcomes: names,
      probabilities: equalProbabilities(outcomes).map(probabilityToText),
    },
  ]);
  ledger.apply(
    planMarket(ledger, { condition: CONDITION, token: 'usd', liquidity: BigInt(liquidity), funder: 'bank' }),
  );
  return ledger;
}

/** What the maker has on each outcome. */
function makerWealth(ledger: Ledger, outcomes: number): bigint[] {
  return Array.from({ length: outcomes }, (_, outcome) =>
    ledger.wealth(MAKER, 'usd', { [CONDITION]: outcome }),
  );
}

/** b ln sum e^(-h/b) in floating point, shifted so that it starts at or below 0; a trade must not make it grow. */
function potential(wealth: readonly bigint[], liquidity: number): number {
  return liquidity * Math.log(wealth.reduce((total, held) => total + Math.exp(-Number(held) / liquidity), 0));
}

function play(scene: Scene, planner: Planner, tally: Tally): void {
  const { outcomes, liquidity } = scene;
  const ledger = market(scene);
  const subsidy = ledger.market(CONDITION).subsidy;
  const wealthOf = (owner: string, outcome: number) => ledger.wealth(owner, 'usd', { [CONDITION]: outcome });
  for (const [who, what, side, size] of scene.trades) {
    const outcome = what % outcomes;
    const trader = TRADERS[who % TRADERS.length] ?? 'ann';
    const held = ledger.balance(ledger.childVerse(CONDITION, outcome), trader, 'usd');
    const sells = side < 45 && held > 0n;
    const most = sells ? held : BigInt(1 + 4 * liquidity);
    // Whole holdings are sold often, and now and then more than there is.
    const shares = side < 10 ? most : 1n + (BigInt(size) * (most + most / 20n)) / 10_000n;
    const order: TradeOrder = { condition: CONDITION, side: sells ? 'sell' : 'buy', outcome, shares, trader };
    const before = { digest: ledger.digest(), makers: makerWealth(ledger, outcomes) };
    const traderBefore = Array.from({ length: outcomes }, (_, each) => wealthOf(trader, each));
    let plan: Plan;
    try {
      plan = planner(ledger, order);
      ledger.applyAll(plan.ops);
    } catch (thrown) {
      if (!(thrown instanceof WorldError) || !isErrorCode(thrown.code)) throw thrown;
      assert.equal(
        thrown.code,
        'INSUFFICIENT_BALANCE',
        `a ${order.side} may lack shares, not: ${thrown.message}`,
      );
      assert.ok(sells && shares > held, 'only who sells more than it has is refused');
      assert.equal(ledger.digest(), before.digest, 'a refused trade changes nothing');
      tally.refused += 1;
      continue;
    }
    if (sells) tally.sold += 1;
    else tally.bought += 1;
    const paid = sells ? -plan.quote.amount : plan.quote.amount;
    for (let each = 0; each < outcomes; each += 1) {
      const change = (each === outcome ? (sells ? -shares : shares) : 0n) - paid;
      assert.equal(
        wealthOf(trader, each) - (traderBefore[each] ?? 0n),
        change,
        'the trader gets what was quoted',
      );
    }
    checkMaker({ ledger, scene, before: before.makers, subsidy, tally });
    assert.deepEqual(marketPrices(ledger, CONDITION), plan.quote.pricesAfter, 'the quoted prices come about');
    if (!sells) checkRoundTrip(ledger, order, plan.quote.amount, planner);
  }
  settle(ledger, scene);
}

function checkMaker(made: {
  ledger: Ledger;
  scene: Scene;
  before: readonly bigint[];
  subsidy: bigint;
  tally: Tally;
}): void {
  const { ledger, scene, before, subsidy, tally } = made;
  const after = makerWealth(ledger, scene.outcomes);
  const grown = potential(after, scene.liquidity) - potential(before, scene.liquidity);
  assert.ok(grown <= 1e-6 * scene.liquidity, `the maker lost by a trade: ${grown}`);
  for (const held of after) {
    assert.ok(held >= 0n, 'the maker loses no more than its subsidy');
    tally.worstLossShare = Math.max(tally.worstLossShare, Number(subsidy - held) / Number(subsidy));
  }
  const prices = marketPrices(ledger, CONDITION);
  assert.equal(
    prices.reduce((a, b) => a + b),
    PROBABILITY_ONE,
    'the prices sum to exactly 1',
  );
  assert.deepEqual(ledger.meanWealth('usd'), Rational.of(ledger.escrow('usd')), 'mean wealth is the escrow');
  const shares = ledger.childVerses(CONDITION).map((verse) => ledger.balance(verse, MAKER, 'usd'));
  assert.ok(shares.includes(0n), 'the maker keeps no complete set');
}

/** Selling at once what was just bought never pays more than it cost. */
function checkRoundTrip(ledger: Ledger, order: TradeOrder, cost: bigint, planner: Planner): void {
  const copy = Ledger.restore(ledger.snapshot());
  const back = planner(copy, { ...order, side: 'sell' }).quote.amount;
  assert.ok(back <= cost, `bought for ${cost} and sold for ${back}`);
  assert.ok(cost - back <= 2n, `a round trip costs ${cost - back}, more than the two roundings`);
}

function settle(ledger: Ledger, { winner, outcomes }: Scene): void {
  ledger.applyAll(planPullUp(ledger, { condition: CONDITION, winner: winner % outcomes, source: 'manual' }));
  ledger.applyAll(planMarketClose(ledger, CONDITION));
  assert.deepEqual(ledger.balances({ owner: MAKER }), [], 'a closed market has nothing');
  const all = ledger.balances({ verse: ROOT_VERSE_ID }).reduce((total, { amount }) => total + amount, 0n);
  assert.equal(all, ledger.escrow('usd'), 'everyone is paid in the root verse');
}

const emptyTally = (): Tally => ({ bought: 0, sold: 0, refused: 0, worstLossShare: 0 });

describe(`the market maker (PROPERTY_SEED=${SEED} MARKET_RUNS=${RUNS})`, () => {
  it('never loses by a trade nor more than its subsidy, and its prices sum to exactly 1', () => {
    const tally = emptyTally();
    fc.assert(
      fc.property(scenes, (scene) => play(scene, planTrade, tally)),
      { seed: SEED, numRuns: RUNS },
    );
    process.stdout.write(`seed ${SEED}, ${RUNS} runs: ${JSON.stringify(tally)}\n`);
    if (RUNS < 200) return;
    expect(tally.bought).toBeGreaterThan(2000);
    expect(tally.sold).toBeGreaterThan(400);
    expect(tally.refused).toBeGreaterThan(10);
    // Some came close to taking everything: the bound is tight.
    expect(tally.worstLossShare).toBeGreaterThan(0.9);
  });

  it('charges the same for a purchase in one piece as in many, but for the rounding of each', () => {
    const scene: Scene = { outcomes: 3, liquidity: 1000, trades: [], winner: 0 };
    const order = { condition: CONDITION, side: 'buy', outcome: 1, trader: 'ann' } as const;
    const whole = quoteTrade(market(scene), { ...order, shares: 500n }).amount;
    const ledger = market(scene);
    let pieces = 0n;
    for (let piece = 0; piece < 50; piece += 1) {
      const plan = planTrade(ledger, { ...order, shares: 10n });
      ledger.applyAll(plan.ops);
      pieces += plan.quote.amount;
    }
    expect(pieces).toBeGreaterThanOrEqual(whole);
    expect(pieces).toBeLessThanOrEqual(whole + 50n);
  });

  it('refuses a trade beyond its limit, without shares, without an outcome, and once the question is settled', () => {
    const ledger = market({ outcomes: 2, liquidity: 100, trades: [], winner: 0 });
    const order: TradeOrder = { condition: CONDITION, side: 'buy', outcome: 0, shares: 10n, trader: 'ann' };
    const code = (work: () => unknown) => {
      try {
        work();
        return undefined;
      } catch (thrown) {
        return (thrown as WorldError).code;
      }
    };
    expect(quoteTrade(ledger, order).amount).toBe(6n);
    expect(code(() => planTrade(ledger, { ...order, limit: 5n }))).toBe('PRICE_MOVED');
    expect(code(() => planTrade(ledger, { ...order, by: 'bob' }))).toBe('FORBIDDEN');
    expect(code(() => planTrade(ledger, { ...order, shares: 0n }))).toBe('BAD_AMOUNT');
    expect(code(() => planTrade(ledger, { ...order, outcome: 2 }))).toBe('BAD_INPUT');
    expect(code(() => planMarketClose(ledger, CONDITION))).toBe('CONTRADICTION');
    ledger.applyAll(planTrade(ledger, { ...order, limit: 6n }).ops);
    expect(code(() => planTrade(ledger, { ...order, side: 'sell', limit: 6n }))).toBe('PRICE_MOVED');
    expect(
      code(() =>
        ledger.apply(
          planMarket(ledger, { condition: CONDITION, token: 'usd', liquidity: 1n, funder: 'bank' }),
        ),
      ),
    ).toBe('NAME_TAKEN');
    ledger.applyAll(planPullUp(ledger, { condition: CONDITION, winner: 0, source: 'manual' }));
    expect(code(() => planTrade(ledger, order))).toBe('ALREADY_RESOLVED');
    expect(code(() => marketPrices(ledger, ConditionId.parse(`cnd_${'N'.repeat(26)}`)))).toBe(
      'MARKET_NOT_FOUND',
    );
  });

  it('cannot be opened with less than it can lose', () => {
    const ledger = market({ outcomes: 2, liquidity: 100, trades: [], winner: 0 });
    const second = ConditionId.parse(`cnd_${'P'.repeat(26)}`);
    const probabilities = ['0.5', '0.5'];
    ledger.apply({
      kind: 'openCondition',
      by: 'oracle',
      condition: second,
      verse: ROOT_VERSE_ID,
      outcomes: ['a', 'b'],
      probabilities,
    });
    const op = planMarket(ledger, { condition: second, token: 'usd', liquidity: 100n, funder: 'bank' });
    expect(op.subsidy).toBe('70');
    expect(() => ledger.apply({ ...op, subsidy: '69' })).toThrow(
      expect.objectContaining({ code: 'BAD_AMOUNT' }),
    );
    expect(() => ledger.apply({ ...op, token: 'COMPUTE' })).toThrow(
      expect.objectContaining({ code: 'TOKEN_UNSPLITTABLE' }),
    );
  });

  const cheaper: Planner = (ledger, order) => {
    const { ops, quote } = planTrade(ledger, order);
    if (order.side === 'sell') return { ops, quote };
    const amount = quote.amount - 1n;
    const [pay, ...rest] = ops;
    if (pay?.kind !== 'transfer' || amount === 0n) return { ops, quote };
    return { ops: [{ ...pay, amount: `${amount}` }, ...rest], quote: { ...quote, amount } };
  };
  const linear: Planner = (ledger, order) => {
    const plan = planTrade(ledger, order);
    const price = plan.quote.pricesBefore[order.outcome] ?? 0n;
    const amount = (order.shares * price) / PROBABILITY_ONE + 1n;
    const ops = plan.ops.map((op) =>
      op.kind === 'transfer' && op.verse === ROOT_VERSE_ID ? { ...op, amount: `${amount}` } : op,
    );
    return { ops, quote: { ...plan.quote, amount } };
  };
  const hoarding: Planner = (ledger, order) => {
    const { ops, quote } = planTrade(ledger, order);
    return { ops: order.side === 'sell' ? ops.filter(({ kind }) => kind !== 'merge') : ops, quote };
  };
  const minting: Planner = (ledger, order) => {
    const { ops, quote } = planTrade(ledger, order);
    return { ops: order.side === 'buy' ? ops.slice(1) : ops, quote };
  };
  it.each([
    ['buys rounded down', cheaper],
    ['a trade at the price before it', linear],
    ['complete sets that are not merged', hoarding],
    ['buyers who do not pay', minting],
  ] as const)('has a checker that catches: %s', (_, planner) => {
    const details = fc.check(
      fc.property(scenes, (scene) => play(scene, planner, emptyTally())),
      { seed: SEED, numRuns: 50, endOnFailure: true },
    );
    expect(details.failed).toBe(true);
    expect(details.errorInstance).toBeInstanceOf(assert.AssertionError);
  });
});
