import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import type { RuntimeClient, World } from '../../src/surfaces/client/runtime-client.js';

const folder = mkdtempSync(join(tmpdir(), 'wr-bisect-test-'));
let runtime: RuntimeClient;
let world: World;

beforeAll(async () => {
  runtime = await WorldRuntime.open({ dataDir: join(folder, 'data'), workers: 1 });
  world = await runtime.create({ name: 'shop' });
  await world.execute('stock = {"apples": 10}');
  for (let n = 2; n <= 12; n += 1) {
    const amount = n === 7 ? -30 : 1;
    await world.execute(`stock['apples'] += ${amount}\nprint('step', ${n})`);
  }
});

afterAll(async () => {
  await runtime?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('bisecting a Python world', () => {
  test('finds the execution that broke the invariant, with its code and its output', async () => {
    const found = await world.bisect({ check: "globals().get('stock', {}).get('apples', 0) >= 0" });
    expect(found.culprit).toMatchObject({ number: 7, kind: 'execution', stdout: 'step 7\n', ok: true });
    expect(found.culprit?.code).toContain('+= -30');
    expect(found.steps.length).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(12)));
  });

  test('takes what raises for bad, and assertions alone for good when they hold', async () => {
    const check = "limit = 0\nassert 'stock' not in globals() or stock['apples'] >= limit, 'sold too many'";
    const found = await world.bisect({ check, good: '1' });
    expect(found.culprit?.number).toBe(7);
    expect(found.steps.find(({ verdict }) => verdict === 'bad')?.note).toBe('AssertionError: sold too many');
  });

  test('takes None and everything that is not true for bad', async () => {
    const none = world.bisect({ check: "stock.get('pears')", good: '1' });
    await expect(none).rejects.toMatchObject({ code: 'CHECK_DISAGREES' });
  });

  test('keeps nothing: neither names nor executions', async () => {
    const before = await world.show();
    await world.bisect({ check: "left_behind = 1\nglobals().get('stock', {}).get('apples', 0) >= 0" });
    expect(await world.show()).toEqual(before);
    expect((await world.execute("'left_behind' in globals() or '__check' in globals()")).value).toBe('False');
  });

  test('refuses a check that does not compile, and one that never ends', async () => {
    await expect(world.bisect({ check: 'x = = 1' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/SyntaxError/),
    });
    await expect(world.bisect({ check: 'while True: pass', timeoutMs: 300 })).rejects.toMatchObject({
      code: 'EXECUTION_TIMEOUT',
    });
  });
});
