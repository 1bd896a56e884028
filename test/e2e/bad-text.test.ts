import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type World, WorldRuntime } from '../../src/index.js';
import { MIB } from '../../src/model/limits.js';

/** Text that is hard to carry, names that are hard to tell apart, and callers who are in each other's way. */

let folder: string;
let runtime: WorldRuntime;
let world: World;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wr-text-'));
  runtime = await WorldRuntime.open({ dataDir: folder });
  world = await runtime.create({ name: 'text', limits: { outputBytes: 8 * MIB } });
  await world.execute('x = 1');
}, 120_000);
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

const stillThere = async (): Promise<void> => {
  expect((await world.execute('x')).value).toBe('1');
};

describe('code and output of any content', () => {
  test('every plane of Unicode goes in and comes out as it was', async () => {
    const text = 'aé\u00a0\u202eעברית\u2028日本\u{1f30d}\u{10ffff}\u200b';
    const { stdout, value } = await world.execute(`s = ${JSON.stringify(text)}\nprint(s)\nlen(s)`);
    expect(stdout).toBe(`${text}\n`);
    expect(value).toBe(String([...text].length));
    const identifier = await world.execute('größe_π = 3\ngröße_π');
    expect(identifier.value).toBe('3');
  });

  test('a NUL in code is a syntax error, in output a character', async () => {
    const before = (await world.show()).head;
    expect(await world.execute('x = 2\u0000')).toMatchObject({ ok: false, error: { type: 'SyntaxError' } });
    expect((await world.show()).head).toBe(before);
    expect((await world.execute('print("a\\0b")')).stdout).toBe('a\u0000b\n');
    await stillThere();
  });

  test('lone surrogates are shown as escapes, in output, values, errors and reports of them', async () => {
    const { stdout } = await world.execute("print('a\\ud800b')");
    expect(stdout).toBe('a\\ud800b\n');
    expect((await world.execute("'\\udfff'")).value).toBe("'\\udfff'");
    const raised = await world.execute("raise ValueError('\\ud800')");
    expect(raised.error?.message).toBe('\\ud800');
    expect((await runtime.query("SELECT count(*) FROM executions WHERE stdout LIKE '%ud800%'")).rows).toEqual(
      [['1']],
    );
    await stillThere();
  });

  test('bytes that are no text arrive as something printable, and nothing is lost around them', async () => {
    const { ok, stdout } = await world.execute(
      'import sys\nprint("before", flush=True)\nsys.stdout.buffer.write(bytes(range(256)))\nsys.stdout.flush()\nprint("after")',
    );
    expect(ok).toBe(true);
    expect(stdout.startsWith('before\n')).toBe(true);
    expect(stdout.endsWith('after\n')).toBe(true);
    expect(stdout.isWellFormed()).toBe(true);
    await stillThere();
  });

  test('very long lines of code and output', async () => {
    const long = 'y'.repeat(5_000_000);
    const { value, stdout } = await world.execute(`s = '${long}'; print(s); len(s)`);
    expect(value).toBe('5000000');
    expect(stdout).toBe(`${long}\n`);
    const { rows } = await runtime.query('SELECT max(length(stdout)) FROM executions');
    expect(rows).toEqual([['5000001']]);
    await stillThere();
  }, 120_000);
});

describe('names', () => {
  test('a prefix that fits several worlds names them, one that fits one is enough', async () => {
    const other = await runtime.create({ name: 'other' });
    const common = [...world.id].findIndex((character, i) => character !== other.id[i]);
    const ambiguous = runtime.world(world.id.slice(0, common));
    await expect(ambiguous).rejects.toMatchObject({ code: 'AMBIGUOUS_ID' });
    const details = await ambiguous.catch((error: { details: object }) => JSON.stringify(error.details));
    expect(details).toContain(world.id);
    expect(details).toContain(other.id);
    expect((await runtime.world(other.id.slice(0, -1))).id).toBe(other.id);
  });

  test('a name is taken until its world ends', async () => {
    await expect(runtime.create({ name: 'other' })).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    await (await runtime.world('other')).delete();
    expect((await runtime.create({ name: 'other' })).name).toBe('other');
  });

  test.each(['', ' ', 'a b', '../up', '-flag', 'é', 'x'.repeat(101)])('%j is no name', async (name) => {
    await expect(runtime.create({ name })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('two clients in one world', () => {
  test('are served in the order in which they asked', async () => {
    await world.execute('order = []');
    await Promise.all(Array.from({ length: 60 }, (_, i) => world.execute(`order.append(${i})`)));
    expect((await world.execute('order == list(range(60))')).value).toBe('True');
  });

  test('who names the head they saw are told when it moved, and exactly one of them gets through', async () => {
    const { head } = await world.show();
    const asked = Array.from({ length: 10 }, (_, i) => world.execute(`winner = ${i}`, { expectHead: head }));
    const settled = await Promise.allSettled(asked);
    const through = settled.flatMap((one, i) => (one.status === 'fulfilled' ? [i] : []));
    expect(through).toHaveLength(1);
    for (const one of settled) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'HEAD_MOVED' });
    }
    expect((await world.execute('winner')).value).toBe(String(through[0]));
  });
});
