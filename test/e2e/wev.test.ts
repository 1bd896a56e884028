import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { Rational } from '../../src/model/rational.js';
import { paintFor } from '../../src/surfaces/cli/format/paint.js';
import { checkGame } from '../../src/surfaces/cli/wev/check-game.js';
import { checkPower } from '../../src/surfaces/cli/wev/check-power.js';
import { type Exponent, type GameName, gameOf } from '../../src/surfaces/cli/wev/games.js';
import { playWev } from '../../src/surfaces/cli/wev/play-wev.js';
import type { WevReport } from '../../src/surfaces/cli/wev/wev-report.js';
import { wevText } from '../../src/surfaces/cli/wev/wev-text.js';
import { ROOT } from '../architecture/source-files.js';
import { simulatedWr } from './cli-simulated.js';
import { makeFolder } from './play-in-folder.js';

const { parse, toNumber } = Rational;
const SILENT = { step: () => {}, line: () => {} };

describe('the games of wr wev demo, computed in worlds', () => {
  let dataDir: string;
  let runtime: WorldRuntime;
  beforeAll(async () => {
    dataDir = makeFolder();
    runtime = await WorldRuntime.open({ dataDir });
  });
  afterAll(async () => {
    await runtime.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function play(name: GameName, exponent: Exponent = 2): Promise<WevReport> {
    const programs = pathToFileURL(`${ROOT}/examples/`);
    const report = await playWev({ runtime, dataDir, programs, progress: SILENT }, gameOf(name, exponent));
    expect(report.check.problems).toEqual([]);
    expect([report.winner, report.gf3Sum]).toEqual(['optimal', 0]);
    return report;
  }

  function costs({ verses }: WevReport): (string | null)[] {
    return verses.map(({ cost }) => cost);
  }

  test('Braess, one unit of traffic: 2, 3/2, 14/9; WEV 1/3, worth 1/2, of which 17/72 was to be expected', async () => {
    const report = await play('braess');
    expect(costs(report)).toEqual(['2', '3/2', '14/9']);
    expect(report.wev).toEqual({
      poa: '4/3',
      wev: '1/3',
      wevValue: '1/2',
      regret: '5/9',
      pctExtractable: '1/4',
      wevExpected: '17/72',
      losingBalances: {},
      unbounded: false,
      wevReason: null,
    });
    const text = wevText(report, paintFor(false));
    for (const shown of [
      '14/9 (~1.555556)',
      '1/3 (~0.333333)',
      '4/3',
      '1/2 (0.5)',
      '17/72',
      '5/9',
      '1/4 (0.25)',
      'losing balances',
    ])
      expect(text).toContain(shown);
  });

  test('Pigou: 1, 3/4, 3/4 + 1/(4N); WEV 1/3, worth 1/4', async () => {
    const report = await play('pigou');
    const random = Rational.add(parse('3/4'), Rational.of(1n, 4n * BigInt(report.drivers ?? 0)));
    expect(costs(report)).toEqual(['1', '3/4', Rational.toText(random)]);
    expect(report.wev).toMatchObject({ wev: '1/3', wevValue: '1/4' });
    expect(report.bounds).toBeNull();
  });

  test('Braess with 4000 drivers and the link open: 80, 64.6875; WEV 0.236715, worth 15.3125', async () => {
    const report = await play('braess-4000');
    expect(costs(report).slice(0, 2)).toEqual(['80', Rational.toText(parse('64.6875'))]);
    expect(toNumber(parse(report.wev.wev ?? ''))).toBeCloseTo(0.236715, 6);
    expect(report.wev.wevValue).toBe(Rational.toText(parse('15.3125')));
    // The famous 80/65 is not the price of anarchy: the best uses the link for an eighth of the drivers.
    expect(report.verses[1]?.said).toContain('1035/16');
  });

  test.each([
    [2, 0.6151, 0.625752],
    [3, 0.52753, 0.895628],
    [4, 0.46501, 1.150502],
  ] as const)('Pigou with x^%d: 1, %d within bounds, WEV %d', async (exponent, optimum, wev) => {
    const report = await play('pigou-d', exponent);
    expect(costs(report)[0]).toBe('1');
    const { bounds } = report;
    expect(toNumber(parse(bounds?.optimum.lower ?? ''))).toBeCloseTo(optimum, 5);
    expect(toNumber(parse(bounds?.wev.lower ?? ''))).toBeCloseTo(wev, 6);
    expect(toNumber(parse(bounds?.wev.upper ?? ''))).toBeCloseTo(wev, 6);
    // The bounds are real ones, and what the planner reports is one of them.
    expect(Rational.cmp(parse(bounds?.optimum.lower ?? ''), parse(bounds?.optimum.upper ?? ''))).toBe(-1);
    expect(bounds?.optimum.upper).toBe(costs(report)[1]);
    expect(wevText(report, paintFor(false))).toMatch(/at most \d\.\de-1[0-9] more/);

    // The check is one: each number moved a little is noticed.
    for (const name of ['nash', 'optimal', 'chaos']) {
      const verses = report.verses.map((one) => (one.name === name ? { ...one, cost: '0.61' } : one));
      const { problems } = checkGame(gameOf('pigou-d', exponent), { ...report, verses }, null);
      expect(problems.join(), name).toContain(`cost of ${name}`);
    }
    const wide = { ...report, bounds: bounds && { ...bounds, optimum: { ...bounds.optimum, lower: '0.4' } } };
    expect(checkGame(gameOf('pigou-d', exponent), wide, null).problems.join()).toMatch(/no closer/);
  });

  test('an interrupted game is voided', async () => {
    const stop = new AbortController();
    const programs = pathToFileURL(`${ROOT}/examples/`);
    const progress = { ...SILENT, step: () => stop.abort() };
    const playing = playWev(
      { runtime, dataDir, programs, progress, signal: stop.signal },
      gameOf('pigou-d', 2),
    );
    await expect(playing).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect((await runtime.list()).filter(({ openCondition }) => openCondition !== null)).toEqual([]);
  });
});

test('the moments of the independent check are those of a coin', () => {
  // E[(k/2)^3] of two coins: (2 * 1/8 + 1) / 4.
  expect(Rational.toText(checkPower(2, 2).chaos)).toBe(
    Rational.toText(Rational.add(parse('5/16'), parse('1/2'))),
  );
  expect(checkPower(1, 10).optimal).toBe(0.75);
});

test('a game that there is not, and an exponent where there is none, are refused before anything opens', async () => {
  const simulated = simulatedWr();
  try {
    expect(await simulated.wr('wev', 'demo', 'chess')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/braess, pigou, pigou-d/),
    });
    expect(await simulated.wr('wev', 'demo', 'pigou', '--d', '3')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--d is the exponent of pigou-d/),
    });
    expect(await simulated.wr('wev', 'demo', 'pigou-d', '--d', '9')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/one of 2, 3, 4/),
    });
  } finally {
    simulated.remove();
  }
});
