import { describe, expect, it } from 'vitest';

import { parseProbability } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { measureWev, type WevRole, type WevVerse, wevToNumbers, wevToTexts } from './wev.js';

type Row = [name: string, cost: string | null, probability?: string, role?: WevRole];

function verses(...rows: Row[]): WevVerse[] {
  return rows.map(([name, cost, probability = '0', role]) => ({
    name,
    role,
    probability: parseProbability(probability),
    cost: cost === null ? undefined : Rational.parse(cost),
  }));
}

const braess = verses(['nash', '2', '0.45'], ['optimal', '3/2', '0.35'], ['chaos', '14/9', '0.20']);

describe('world extractable value', () => {
  it('gives the known answers for Braess with unit flow', () => {
    const measured = measureWev({ verses: braess, winner: 1, losingBalances: { usd: 200n } });
    expect(wevToTexts(measured)).toEqual({
      poa: '4/3',
      wev: '1/3',
      wevValue: '1/2',
      // (2 - 3/2) + (14/9 - 3/2)
      regret: '5/9',
      pctExtractable: '1/4',
      wevExpected: '17/72',
    });
    expect(measured.unbounded).toBe(false);
    expect(measured.losingBalances).toEqual({ usd: 200n });
    expect(measured.reasons).toEqual({});
    // The expected cost itself: 17/72 above the optimum.
    const optimum = Rational.parse('3/2');
    expect(Rational.toText(Rational.add(measured.wevExpected ?? Rational.ZERO, optimum))).toBe('125/72');
    expect(wevToNumbers(measured).wev).toBe(1 / 3);
  });

  it('gives the known answers for Pigou and for Braess with 4000 drivers', () => {
    const pigou = measureWev({ verses: verses(['nash', '1'], ['optimal', '0.75']) });
    expect(wevToTexts(pigou)).toMatchObject({
      poa: '4/3',
      wev: '1/3',
      wevValue: '1/4',
      pctExtractable: '1/4',
    });
    const drivers = measureWev({ verses: verses(['nash', '80'], ['optimal', '64.6875']) });
    expect(wevToNumbers(drivers).wev).toBeCloseTo(0.236715, 6);
    expect(wevToNumbers(drivers).wevValue).toBe(15.3125);
  });

  it('is 0 when nothing is spent anywhere', () => {
    const measured = measureWev({ verses: verses(['nash', '0', '0.5'], ['optimal', '0', '0.5']), winner: 1 });
    expect(wevToTexts(measured)).toEqual({
      poa: '1',
      wev: '0',
      wevValue: '0',
      regret: '0',
      pctExtractable: '0',
      wevExpected: '0',
    });
    expect(measured.unbounded).toBe(false);
  });

  it('is unbounded when the optimum is free and the equilibrium is not', () => {
    const measured = measureWev({ verses: verses(['nash', '3'], ['optimal', '0']), winner: 1 });
    expect(wevToTexts(measured)).toMatchObject({
      poa: null,
      wev: null,
      wevValue: '3',
      regret: '3',
      pctExtractable: '1',
    });
    expect(measured.unbounded).toBe(true);
    expect(measured.reasons.poa).toContain('no bound');
    expect(measured.reasons.wev).toContain('no bound');
    expect(wevToNumbers(measured).wev).toBeNull();
  });

  it('refuses a verse cheaper than the one called optimal', () => {
    for (const cheap of [verses(['nash', '1'], ['optimal', '2']), verses(['optimal', '2'], ['other', '1'])]) {
      expect(() => measureWev({ verses: cheap })).toThrow(
        expect.objectContaining({ code: 'MISLABELLED_OPTIMUM' }),
      );
    }
  });

  it('refuses a negative cost', () => {
    expect(() => measureWev({ verses: verses(['nash', '-1'], ['optimal', '1']) })).toThrow(
      expect.objectContaining({ code: 'BAD_NUMBER' }),
    );
  });

  it('is null with a reason, never 0, when something was not reported', () => {
    const measured = measureWev({
      verses: verses(['nash', null, '0.5'], ['optimal', '1', '0.5']),
      winner: 1,
    });
    expect(Object.values(wevToTexts(measured))).toEqual([null, null, null, null, null, null]);
    expect(measured.reasons.wev).toBe('no cost was reported for nash, the nash verse');
    expect(measured.reasons.regret).toBe('no cost was reported for nash');
    expect(measured.reasons.wevExpected).toBe('no cost was reported for nash');
    const chaosSilent = measureWev({ verses: verses(['nash', '2'], ['optimal', '1'], ['chaos', null]) });
    expect(wevToTexts(chaosSilent)).toMatchObject({ wev: '1', wevExpected: null, regret: null });
    expect(chaosSilent.reasons.regret).toBe('there is no winner yet');
  });

  it('is null with a reason when no verse has a role, but still knows the regret', () => {
    const measured = measureWev({ verses: verses(['a', '3'], ['b', '1'], ['c', '1']), winner: 1 });
    expect(wevToTexts(measured)).toMatchObject({ wev: null, regret: '2', wevExpected: null });
    expect(measured.reasons.wev).toBe('no verse has the role nash');
    expect(measured.reasons.wevExpected).toBe('no verse has the role optimal');
  });

  it('counts no regret for losers that were cheaper than the winner', () => {
    const measured = measureWev({ verses: verses(['a', '3'], ['b', '1'], ['c', '5']), winner: 0 });
    expect(wevToTexts(measured).regret).toBe('2');
  });

  it('lets an explicit role win over a name, and refuses two verses with one role', () => {
    const explicit = verses(['selfish', '2', '0', 'nash'], ['nash', '7', '0'], ['best', '1', '0', 'optimal']);
    expect(wevToTexts(measureWev({ verses: explicit })).poa).toBe('2');
    // A verse named nash that plays another role is not the nash verse.
    const renamed = verses(['nash', '1', '0', 'optimal'], ['other', '2']);
    expect(measureWev({ verses: renamed }).reasons.poa).toBe('no verse has the role nash');
    const twice = verses(['a', '2', '0', 'nash'], ['b', '3', '0', 'nash']);
    expect(() => measureWev({ verses: twice })).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    expect(() => measureWev({ verses: braess, winner: 3 })).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT' }),
    );
  });
});
