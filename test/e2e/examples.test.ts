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

/** The output that an example's README promises. */
function promised(example: string): string {
  const readme = readFileSync(join(EXAMPLES, example, 'README.md'), 'utf8');
  const [, block] = /```text\n([\s\S]*?)```/.exec(readme) ?? [];
  return block ?? '';
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

  test('two hundred scenarios run from one warmed world', async () => {
    const out = await play('scenario-fan-out');
    expect(out).toBe(promised('scenario-fan-out'));
    expect(out).toMatch(/^200 scenarios/);
  }, 240_000);

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
