import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type World, WorldRuntime } from '../../src/index.js';
import { MIB, RuntimeLimits, WorldLimits } from '../../src/model/limits.js';

/** Every limit, exceeded on real Python through the public API: a named refusal, and a world that works on. */

const WR = fileURLToPath(new URL('../../bin/wr.js', import.meta.url));
const run = promisify(execFile);
const LIMITS = {
  timeoutMs: 5000,
  cpuMs: 250,
  memoryBytes: 64 * MIB,
  outputBytes: 100,
  fileBytes: MIB,
  files: 64,
  openFiles: 16,
  codeBytes: 2048,
  queue: 3,
};

let folder: string;
let runtime: WorldRuntime;
let world: World;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wr-limits-'));
  runtime = await WorldRuntime.open({ dataDir: folder, limits: { worlds: 6, states: 60 } });
  world = await runtime.create({ name: 'tight', limits: LIMITS });
  await world.execute('x = 1');
}, 120_000);
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
});

const stillThere = async (one = world): Promise<void> => {
  expect((await one.execute('x')).value).toBe('1');
};

test('the world and its branches have the limits they were given', async () => {
  expect((await world.show()).limits).toEqual(LIMITS);
  expect(new Set(Object.keys(LIMITS))).toEqual(new Set(Object.keys(WorldLimits.shape)));
  const [child] = await world.branch({ count: 1 });
  expect((await child!.show()).limits).toEqual(LIMITS);
  await child!.delete();
});

describe('what the guest is told itself', () => {
  test.each<[limit: keyof typeof LIMITS, code: string, type: string, message: RegExp]>([
    ['memoryBytes', 'y = bytearray(80 * 2**20)', 'MemoryError', /^$/],
    ['fileBytes', "f = open('big', 'wb', 0)\nf.write(bytes(2 * 2**20))", 'OSError', /No space left/],
    ['files', "for i in range(100): open(f'f{i}', 'w').close()", 'OSError', /No space left/],
    [
      'openFiles',
      "import os\nfds = []\nwhile True: fds.append(os.open('.', os.O_RDONLY))",
      'OSError',
      /No file descriptors/,
    ],
  ])('%s', async (_, code, type, message) => {
    const { ok, error } = await world.execute(code);
    expect({ ok, type: error?.type }).toEqual({ ok: false, type });
    expect(error?.message).toMatch(message);
    await world.execute('import os\nfor fd in globals().get("fds", []): os.close(fd)\nfds = []');
    await stillThere();
  });

  test('what was opened before the limit was reached stays usable, and closing makes room', async () => {
    const { value } = await world.execute(
      "import os\nfds = []\ntry:\n  while True: fds.append(os.open('.', os.O_RDONLY))\nexcept OSError: pass\nlen(fds)",
    );
    expect(Number(value)).toBeGreaterThan(8);
    expect(Number(value)).toBeLessThanOrEqual(LIMITS.openFiles - 3);
    const reopened = await world.execute(
      "os.close(fds.pop()); fds.append(os.open('.', os.O_RDONLY)); len(fds)",
    );
    expect(reopened.value).toBe(value);
    await world.execute('for fd in fds: os.close(fd)');
  });

  test('outputBytes', async () => {
    const { stdout, stdoutTruncated } = await world.execute('print("y" * 1000)');
    expect(stdoutTruncated).toBe(true);
    expect(stdout.length).toBeLessThan(300);
    await stillThere();
  });
});

describe('what ends an execution', () => {
  test.runIf(existsSync('/proc/thread-self'))('cpuMs', async () => {
    const busy = world.execute('x = 2\nwhile True: pass');
    await expect(busy).rejects.toMatchObject({ code: 'CPU_LIMIT', details: { cpuMs: LIMITS.cpuMs } });
    await stillThere();
  });

  test('timeoutMs', async () => {
    const busy = world.execute('x = 2\nwhile True: pass', { timeoutMs: 100 });
    await expect(busy).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' });
    await stillThere();
  });
});

describe('what is refused before it begins', () => {
  test('codeBytes', async () => {
    await expect(world.execute(`#${'é'.repeat(1024)}`)).rejects.toMatchObject({
      code: 'CODE_TOO_LARGE',
      details: { codeBytes: 2048, bytes: 2049 },
    });
    await stillThere();
  });

  test('queue: the requests that fit are served in order, the others are told at once', async () => {
    const asked = Array.from({ length: 8 }, (_, i) =>
      world.execute(`order = [*globals().get("order", []), ${i}]`),
    );
    const settled = await Promise.allSettled(asked);
    const refused = settled.filter((one) => one.status === 'rejected');
    expect(refused).toHaveLength(8 - LIMITS.queue);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'QUEUE_FULL' });
    expect((await world.execute('order')).value).toBe('[0, 1, 2]');
    await stillThere();
  });

  test('worlds: none of a branch that does not fit is made', async () => {
    const before = (await runtime.list()).length;
    const fits = await world.branch({ count: 5 });
    await expect(world.branch({ count: 1 })).rejects.toMatchObject({ code: 'TOO_MANY_WORLDS' });
    await expect(runtime.create()).rejects.toMatchObject({ code: 'TOO_MANY_WORLDS' });
    expect(await runtime.list()).toHaveLength(before + 5);
    for (const one of fits) await one.delete();
    await stillThere();
  });

  test('states: the world can be read and left, and a runtime with room runs on in it', async () => {
    const full = (async () => {
      for (let i = 0; i < 100; i += 1) await world.execute('x = 1');
    })();
    await expect(full).rejects.toMatchObject({ code: 'TOO_MANY_STATES', details: { max: 60 } });
    const { head } = await world.show();
    await runtime.close();
    runtime = await WorldRuntime.open({ dataDir: folder });
    world = await runtime.world('tight');
    expect((await world.show()).head).toBe(head);
    await stillThere();
  });
});

test('the documented defaults', () => {
  expect(WorldLimits.parse({})).toEqual({
    timeoutMs: 30_000,
    cpuMs: 86_400_000,
    memoryBytes: 512 * MIB,
    outputBytes: MIB,
    fileBytes: 256 * MIB,
    files: 20_000,
    openFiles: 1024,
    codeBytes: 16 * MIB,
    queue: 1024,
  });
  expect(RuntimeLimits.parse({})).toEqual({ worlds: 1_000_000, states: 10_000_000 });
});

test('a program file of 100 MB is refused without being read', async () => {
  const dataDir = join(folder, 'other');
  const program = join(folder, 'huge.py');
  writeFileSync(program, '');
  truncateSync(program, 100_000_000);
  const failed = await run(process.execPath, [
    WR,
    '--data-dir',
    dataDir,
    'exec',
    'nobody',
    '-f',
    program,
  ]).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('CODE_TOO_LARGE') });
});
