import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromaticVerseWalk } from '../../examples/snippets/chromatic-verse-walk.js';
import { extractWev } from '../../examples/snippets/extract-wev.js';
import { parallelGather } from '../../examples/snippets/parallel-gather.js';
import { WorldRuntime } from '../../src/index.js';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const WR = fileURLToPath(new URL('../../bin/wr.js', import.meta.url));
const run = promisify(execFile);

/** One for all: the engine's startup cache is made once. */
let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'wr-examples-test-'));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function play(example: string, ...args: string[]): Promise<string> {
  const main = join(EXAMPLES, example, 'main.mjs');
  const { stdout } = await run(process.execPath, [main, '--data-dir', dataDir, ...args]);
  return stdout;
}

/** The output that an example's README promises: the first block of it, or a later one. */
function promised(example: string, block = 0): string {
  const readme = readFileSync(join(EXAMPLES, example, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/```text\n([\s\S]*?)```/g)].map(([, text]) => text);
  return blocks[block] ?? '';
}

/** Ids are new ones in each run. */
function withoutIds(text: string): string {
  return text.replace(/\b(stt|exe)_[0-9A-Z]{26}\b/g, '$1_');
}

/** `wr` on the data directory of the examples. */
async function wr(...args: string[]): Promise<{ stdout: string; stderr: string; status: number }> {
  const command = run(process.execPath, [WR, '--data-dir', dataDir, ...args]);
  return command.then(
    (ended) => ({ ...ended, status: 0 }),
    ({ stdout, stderr, code }) => ({ stdout, stderr, status: code }),
  );
}

describe('the example programs', () => {
  test('a library in a base image is loaded by no branch, as its README shows', async () => {
    const out = await play('warmed-base');
    expect(out).toBe(promised('warmed-base'));
    const again = await play('warmed-base', '--worlds', '20', '--cold', '1');
    expect(again).toMatch(/worlds that loaded the library +0 +1\n/);
  }, 240_000);

  test('tree search beats greedy play on every board, as its README shows', async () => {
    const out = await play('tree-search');
    expect(out).toBe(promised('tree-search'));
    const boards = [...out.matchAll(/^(\d+) +(-?\d+) +(-?\d+) +\d+ +\d+$/gm)];
    expect(boards).toHaveLength(3);
    for (const [, , greedy, searched] of boards) expect(Number(searched)).toBeGreaterThan(Number(greedy));
  }, 240_000);

  test('another seed is another game, and search still beats greedy', async () => {
    const out = await play('tree-search', '--seed', '40', '--games', '1', '--moves', '3');
    const [, greedy, searched] = /^40 +(-?\d+) +(-?\d+)/m.exec(out) ?? [];
    expect(Number(searched)).toBeGreaterThan(Number(greedy));
  }, 120_000);

  test('common random numbers shrink the variance, and only they tell which policy is better', async () => {
    const out = await play('monte-carlo');
    expect(out).toBe(promised('monte-carlo'));
    const ways = [...out.matchAll(/^(independent|common) +(-?[\d.]+) +± ([\d.]+) +(\d+)$/gm)];
    const [independent, common] = ways.map(([, , mean, error, variance]) => ({
      mean: Number(mean),
      error: Number(error),
      variance: Number(variance),
    }));
    expect(independent!.variance / common!.variance).toBeGreaterThan(10);
    expect(Math.abs(independent!.mean)).toBeLessThan(independent!.error);
    expect(common!.mean).toBeGreaterThan(common!.error);
    // Both are estimates of the same difference.
    expect(Math.abs(independent!.mean - common!.mean)).toBeLessThan(independent!.error + common!.error);
  }, 240_000);

  test('the cheaper of two migrations is adopted and no order is lost', async () => {
    const out = await play('sqlite-migrations');
    expect(out).toBe(promised('sqlite-migrations'));
    const costs = Object.fromEntries(
      [...out.matchAll(/^(index|normalise) .*\] +(\d+) /gm)].map(([, name = '', steps]): [string, number] => [
        name,
        Number(steps),
      ]),
    );
    const adopted = /adopted '(\w+)'/.exec(out)?.[1] ?? '';
    expect(costs[adopted]).toBe(Math.min(...Object.values(costs)));
    expect(out).toContain('(8000, ');
  }, 120_000);

  test('the execution that broke the books is found, and without it the month ends well, as its README shows', async () => {
    const out = await play('debugging-by-rewind');
    expect(out).toBe(promised('debugging-by-rewind'));
    // The sums differ by what the culprit moved, since it moved it to where it came from.
    const [, name, number, cents] = /transfer_by_phone\("(\w+)", "555-01(\d+)", (\d+)\)\n/.exec(out) ?? [];
    const customer = new RegExp(`^${name} +([\\d.]+) +([\\d.]+)$`, 'm').exec(out) ?? [];
    expect(Math.round(100 * (Number(customer[2]) - Number(customer[1])))).toBe(Number(cents));
    expect(Number(number)).toBe(1);
    expect(out).toMatch(/^too much +275\.12 +0\.00$/m);

    const check = join(EXAMPLES, 'debugging-by-rewind', 'books.py');
    const found = await wr('bisect', 'bank-7', '--check', check);
    expect(withoutIds(found.stdout)).toBe(withoutIds(promised('debugging-by-rewind', 1)));
    const repaired = await wr('bisect', 'bank-7/repaired', '--check', check);
    expect(repaired).toMatchObject({ status: 4, stderr: expect.stringContaining('CHECK_DISAGREES') });
  }, 240_000);

  test('another month of the bank has another culprit, and one in which nobody erred has none', async () => {
    const other = await play('debugging-by-rewind', '--seed', '3', '--executions', '380');
    expect(other).toContain('State 356 is the first wrong one');
    expect(other).toMatch(/^too much +[1-9][\d.]* +0\.00$/m);
    const right = await play('debugging-by-rewind', '--seed', '4', '--executions', '15');
    expect(right).toBe('The books of seed 4 are right after 15 transactions.\n');
  }, 240_000);

  test('two hundred scenarios run from one warmed world', async () => {
    const out = await play('scenario-fan-out');
    expect(out).toBe(promised('scenario-fan-out'));
    expect(out).toMatch(/^200 scenarios/);
  }, 240_000);

  test('a coordinator that cheats is found out, and the walk is the same in another world, as its README shows', async () => {
    const out = await play('chromatic-walk');
    expect(out).toBe(promised('chromatic-walk'));
    expect(out.match(/accepted$/gm)).toHaveLength(4);
    expect(out.match(/rejected$/gm)).toHaveLength(2);
    expect(out).toContain('The world is where it was.');
  }, 120_000);

  test('the five triads conserve, and the trit in Cat# stays outside, as its README shows', async () => {
    const out = await play('triads');
    expect(out).toBe(promised('triads'));
    expect(out.match(/ = 0 ✓ /g)).toHaveLength(5);
  });
  test('the best of six tries is kept in every round, and the tour gets shorter, as its README shows', async () => {
    const out = await play('best-of');
    expect(out).toBe(promised('best-of'));
    const rounds = [...out.matchAll(/^\d+ +(\d.*) +try-(\d)$/gm)];
    expect(rounds).toHaveLength(4);
    for (const [, lengths = '', kept] of rounds) {
      const all = lengths.trim().split(/ +/).map(Number);
      expect(all[Number(kept) - 1]).toBe(Math.min(...all));
    }
  }, 120_000);

  test('agents stake, a judge decides and the pot goes to the best, as its README shows', async () => {
    const out = await play('tournament');
    expect(out).toBe(promised('tournament'));
    const now = [...out.matchAll(/ (\d+)$/gm)].map(([, has]) => Number(has));
    expect(now.reduce((sum, has) => sum + has, 0)).toBe(4000);
  }, 120_000);

  test('money in several futures, spent and insured, as its README shows', async () => {
    const out = (await play('portfolio')).replace(/ +$/gm, '');
    expect(out.trimEnd()).toBe(promised('portfolio').trimEnd());
    const value = await wr('ledger', 'value', 'fund', '--by-outcome');
    const named = (text: string): string => text.replace(/\bcnd_[0-9A-Z]{26}\b/g, 'cnd_');
    expect(named(value.stdout)).toBe(named(promised('portfolio', 1)));
    // What is sold again costs what it brought less: the fund is out 103 where there is no slump.
    expect(out).toMatch(/^boom +0\.3 +397 /m);
  }, 120_000);

  test('an answer is disputed, found by a function and made final, as its README shows', async () => {
    const out = await play('disputed-answer');
    expect(out).toBe(promised('disputed-answer'));
    expect(out.match(/ has 100 USD/g)).toHaveLength(2);
  }, 60_000);

  test('a game whose optimum is no fraction is enclosed, as its README shows', async () => {
    const { stdout, status } = await wr('wev', 'demo', 'pigou-d', '--d', '2', '--quiet');
    expect(status).toBe(0);
    const placed = (text: string): string => text.replace(/The world is in .*/, 'The world is in');
    expect(placed(stdout)).toBe(placed(promised('wev')));
  }, 120_000);

  test('a wrong option is told with the right ones', async () => {
    const failed = play('monte-carlo', '--replications', 'many').catch((error: unknown) => error);
    expect(await failed).toMatchObject({ code: 2, stderr: expect.stringContaining('--replications <n>') });
  });

  test('every folder has a README, and the list names every folder', () => {
    const list = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
    const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.length).toBeGreaterThan(5);
    for (const { name } of folders) {
      expect(list).toContain(`](${name})`);
      expect(readdirSync(join(EXAMPLES, name))).toContain('README.md');
    }
  });
});

describe('the snippets', () => {
  test('extract what selfishness cost, walk with three agents, and gather three verses', async () => {
    await using runtime = await WorldRuntime.open({ dataDir });
    expect(await extractWev(runtime, 1069)).toEqual({ wev: '1/3', winner: 'optimal' });

    const walk = await chromaticVerseWalk(runtime, 1069);
    expect(walk.trits.reduce((sum, trit) => sum + trit, 0)).toBe(0);
    expect(walk.proposals).toHaveLength(5);
    expect(walk.proposals).toContain(walk.chosen);
    expect(walk.valid).toBe(true);
    expect((await chromaticVerseWalk(runtime, 1069)).proposals).toEqual(walk.proposals);
    expect((await chromaticVerseWalk(runtime, 1070)).proposals).not.toEqual(walk.proposals);

    const gathered = await parallelGather(runtime, 1069);
    expect(gathered.map(({ strategy }) => strategy)).toEqual(['selfish', 'cooperative', 'random']);
    expect(new Set(gathered.map(({ price }) => price)).size).toBe(3);
  });
});
