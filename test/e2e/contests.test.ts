import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { composeRuntime } from '../../src/compose.js';
import { WorldRuntime } from '../../src/index.js';
import type { BestOfView, TournamentView } from '../../src/model/contest-api.js';
import { startWr } from './cli-process.js';
import { type Said, sayIn } from './cli-simulated.js';
import { makeFolder } from './play-in-folder.js';

/** `wr best-of` and `wr tournament` with real Python. */

let folder: string;
let dataDir: string;

const TRY = `import random, world
guess = random.random()
print("guessed", guess)
if world.verse == "try-3":
    while True:
        pass
guess
`;
const HONEST = 'move = limit // 2\nmove\n';
const GREEDY = `import world
move = limit * 10
world.transfer("greedy-purse", "USD", 1)
`;
/** The judge's world has no move of anybody, but it has what the game had. */
const JUDGE = `assert "move" not in globals() and limit == 10
print("played:", ", ".join(result["name"] for result in results))
from fractions import Fraction
{r["name"]: Fraction(int(r["value"]), 3) if int(r["value"]) <= limit else -1 for r in results if r["ok"]}
`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function wr(...args: string[]): Promise<Said> {
  return sayIn(args, composeRuntime, { ...process.env, WORLD_DATA_DIR: dataDir });
}

async function json<T>(...args: string[]): Promise<{ view: T; code: number }> {
  const { out, err, code } = await wr(...args, '--json');
  expect(err).toBe('');
  return { view: JSON.parse(out) as T, code };
}

beforeAll(async () => {
  folder = makeFolder();
  dataDir = join(folder, 'data');
  await using runtime = await WorldRuntime.open({ dataDir });
  const world = await runtime.create({ name: 'w' });
  await world.execute('start = 1');
  const game = await runtime.create({ name: 'game' });
  await game.execute('limit = 10');
  for (const name of ['honest', 'bold', 'greedy']) {
    await (await runtime.create({ name })).deposit('USD', 100n);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('wr best-of', () => {
  test('keeps the best of four tries by an expression, and the one that ran away loses', async () => {
    const { view, code } = await json<BestOfView>(
      'best-of',
      '4',
      '-f',
      file('try.py', TRY),
      '--world',
      'w',
      '--score',
      'python:(used := -guess)',
      '--budget',
      '500ms',
    );
    expect(code).toBe(0);
    const guesses = view.tries.map(({ value }) => (value === null ? null : Number(value)));
    expect(new Set(guesses).size).toBe(4);
    expect(view.tries[2]).toMatchObject({ status: 'failed', failure: { code: 'BUDGET_EXHAUSTED' } });
    const least = Math.min(...guesses.flatMap((guess) => guess ?? []));
    expect(view.tries.find(({ name }) => name === view.winner)?.value).toBe(String(least));
    // Scoring left nothing in the world that it became.
    const now = await wr('exec', 'w', 'start, guess, "used" in globals(), "__ask" in globals()');
    expect(now.out).toBe(`(1, ${least}, False, False)\n`);
  });

  test('by a command of this machine, which also may refuse them all', async () => {
    const command = `${process.execPath} -e "let t='';process.stdin.on('data',d=>t+=d).on('end',()=>console.log(-JSON.parse(t).number))"`;
    const said = await wr('best-of', '3', 'mark = 1; mark', '--world', 'w', '--score', command);
    expect(said).toMatchObject({ code: 0, err: expect.not.stringContaining('error') });
    expect(said.out).toMatch(
      /^TRY +SCORE +TIME +STATUS\ntry-1 +-1 .*won\ntry-2 +-2 .*lost\ntry-3 +-3 .*lost\n/,
    );
    expect(said.out).toContain('try-1 is the best: w is now what it was.');

    const none = await wr('best-of', '2', 'mark = 2', '--world', 'w', '--score', 'exit 4');
    expect(none.code).toBe(1);
    expect(none.out).toMatch(/failed: REPORT_MISSING.*failed with 4/);
    expect(none.out).toContain('No try has a score');
    expect((await wr('exec', 'w', 'mark')).out).toBe('1\n');
  });

  test('Ctrl-C ends it, and what it was waiting for, and leaves the world as it was', async () => {
    const marker = join(folder, 'scoring');
    const score = `echo $$ >> ${marker}; sleep 60`;
    const started = startWr(dataDir, ['best-of', '2', 'mark = 3', '--world', 'w', '--score', score]);
    await vi.waitUntil(() => existsSync(marker) && readFileSync(marker, 'utf8').length > 1, {
      timeout: 30_000,
    });
    started.child.kill('SIGINT');
    const { code, err } = await started.ended;
    expect(code).toBe(130);
    expect(err).toContain('INTERRUPTED: Interrupted. The push-down was voided: world w is as it was before.');
    const shells = readFileSync(marker, 'utf8').trim().split('\n').map(Number);
    for (const pid of shells) expect(() => process.kill(pid, 0)).toThrow();
    expect((await wr('exec', 'w', 'mark')).out).toBe('1\n');
  }, 60_000);

  test('says what is wrong with what it was asked', async () => {
    expect(await wr('best-of', '1', '1', '--world', 'w')).toMatchObject({ code: 2 });
    expect((await wr('best-of', '2', '--world', 'w')).err).toMatch(/Give the program once/);
    expect((await wr('best-of', '2', '1', '--score', 'python:')).err).toMatch(/The score is empty/);
  });
});

describe('wr tournament', () => {
  const stakes = ['--world', 'game', '--stake', '30', '--token', 'USD'];

  test('pays the stakes to the agent that the judge, in a world of its own, likes best', async () => {
    const agents = [
      file('honest.py', HONEST),
      `bold=${file('b.py', 'move = limit\nmove')}`,
      file('greedy.py', GREEDY),
    ];
    const { view, code } = await json<TournamentView>(
      'tournament',
      ...agents,
      '--judge',
      file('judge.py', JUDGE),
      ...stakes,
    );
    expect(code).toBe(0);
    expect(view.judgeSaid).toBe('played: honest, bold, greedy\n');
    expect(view.agents.map(({ name, score, payout, status }) => [name, score, payout, status])).toEqual([
      ['honest', '5/3', '0', 'lost'],
      ['bold', '10/3', '90', 'won'],
      // The pot is not there while agents play.
      ['greedy', null, '0', 'failed'],
    ]);
    expect(view.agents[2]?.failure?.code).toBe('InsufficientBalance');
    const balances = await json<{ owner: string; amount: string; verse: string }[]>('ledger', 'balances');
    expect(balances.view.map(({ verse, amount }) => [verse, amount])).toEqual([
      ['root', '70'],
      ['root', '160'],
      ['root', '70'],
    ]);
    expect((await wr('exec', 'game', 'limit, move, "results" in globals()')).out).toBe('(10, 10, False)\n');
  });

  test('a judge that decides nothing moves nothing, and says what it should say', async () => {
    const agents = [file('honest.py', HONEST), file('greedy.py', HONEST)];
    const said = await wr('tournament', ...agents, '--judge', file('dull.py', 'results and None'), ...stakes);
    expect(said.code).toBe(2);
    expect(said.err).toMatch(/decides nothing.*honest, greedy/);
    expect((await wr('ledger', 'balances', 'honest')).out).toMatch(/USD +70\n/);
    expect((await wr('ledger', 'verify')).code).toBe(0);
  });
});
