import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  identityOf,
  isRunning,
  openSubstrate,
  request,
  run,
  SILENT,
  SPEC,
  sleep,
  until,
  value,
} from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

const HANG = 'while True: pass';
const SWALLOW = `
while True:
    try:
        while True: pass
    except BaseException: pass
`;

let substrate: WasmSubstrate;
beforeAll(async () => {
  substrate = await openSubstrate({ workers: 2, graceMs: 300 });
  await substrate.baseDigest({});
});
afterAll(() => substrate[Symbol.asyncDispose]());

async function boot(number: number) {
  return substrate.boot(SPEC, identityOf(number), {});
}

describe('snapshots', () => {
  test('one still being taken when its machine is closed is a state that lasts', async () => {
    for (let round = 0; round < 20; round++) {
      const machine = await boot(100 + round);
      await run(machine, `x = ${round}`);
      const taking = machine.snapshot({});
      await machine[Symbol.asyncDispose]();
      const state = await taking;
      await using again = await substrate.restore(state, identityOf(100 + round), {});
      expect(await value(again, 'x')).toBe(String(round));
      await substrate.discard(state);
    }
  });
});

describe('executions', () => {
  test('state is kept between them, and output arrives in order before the end', async () => {
    const machine = await boot(1);
    await run(machine, 'x = 20');
    const seen: string[] = [];
    let first = 0;
    const sink = {
      write: (stream: string, text: string) => {
        first ||= performance.now();
        seen.push(`${stream}:${text}`);
      },
    };
    const code = `
import sys
print('one', flush=True)
print('two', file=sys.stderr, flush=True)
n = 0
for i in range(3_000_000): n += i
print('three')
x + 1`;
    const result = await machine.execute(request(code), sink, {});
    const after = performance.now() - first;
    expect(result).toMatchObject({ ok: true, value: '21', stdout: 'one\nthree\n', stderr: 'two\n' });
    expect(seen.join('')).toBe('stdout:one\nstderr:two\nstdout:three\n');
    expect(after, 'ms from the first output to the result').toBeGreaterThan(result.runMs / 2);
  });

  test('a syntax error changes nothing, and an exception commits what ran before it', async () => {
    const machine = await boot(2);
    expect(await run(machine, 'x = (')).toMatchObject({ ok: false, changed: false });
    expect(await run(machine, 'x = 1\n1/0')).toMatchObject({ ok: false, changed: true });
    expect(await value(machine, 'x')).toBe('1');
  });

  test('a hundred thousand prints are one stream, in order, and not a hundred thousand calls', async () => {
    const machine = await boot(3);
    let calls = 0;
    const sink = { write: () => void calls++ };
    const code = 'for i in range(100_000): print(i)';
    const result = await machine.execute(request(code), sink, {});
    const lines = result.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(100_000);
    expect(lines.every((line, i) => line === String(i))).toBe(true);
    expect(calls).toBeLessThan(10_000);
  });
});

describe('results without measure', () => {
  test.each([
    ['a value', "'x' * 30_000_000"],
    ['a value that JSON lengthens', "'\\0' * 15_000_000"],
    ['a message', "raise ValueError('x' * 30_000_000)"],
    ['characters of two units', "'\u{1f600}' * 3_000_000"],
  ])('%s is cut with a mark, and the host lives on', async (_, code) => {
    const machine = await boot(5);
    const { pid } = await substrate.stats();
    const result = await run(machine, code);
    const text = result.value ?? result.error?.message ?? '';
    expect(text).toMatch(/… \[cut: \d+ characters\]$/);
    expect(text.length).toBeLessThan(600_000);
    expect(text.isWellFormed()).toBe(true);
    expect((await substrate.stats()).pid).toBe(pid);
    await machine.snapshot({});
  });

  test('output up to its limit arrives whole, in pieces, and code up to its limit runs', async () => {
    const machine = await boot(6);
    const pieces: number[] = [];
    const sink = { write: (_: string, text: string) => void pieces.push(text.length) };
    const code = "print('\u{1f600}' * 3_000_000, end='')";
    const result = await machine.execute(request(code, { outputBytes: 64 * 1024 * 1024 }), sink, {});
    expect(result.stdout === '\u{1f600}'.repeat(3_000_000)).toBe(true);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(512 * 1024);
    expect(await value(machine, `${'\n'.repeat(15_000_000)}6 * 7`)).toBe('42');
  });
});

describe('stopping', () => {
  test('an endless loop is interrupted: the state is the one before, the worker is kept', async () => {
    const machine = await boot(10);
    await run(machine, 'x = 1');
    const before = (await substrate.stats()).replaced;
    await expect(run(machine, `x = 2\n${HANG}`, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'EXECUTION_TIMEOUT',
      details: { timeoutMs: 100 },
    });
    expect(await value(machine, 'x')).toBe('1');
    expect((await substrate.stats()).replaced).toBe(before);
  });

  test('a guest that swallows KeyboardInterrupt loses its worker, and another takes its place', async () => {
    const machine = await boot(11);
    await run(machine, 'x = 1');
    const before = (await substrate.stats()).replaced;
    await expect(run(machine, `x = 2\n${SWALLOW}`, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'EXECUTION_TIMEOUT',
    });
    expect(await value(machine, 'x'), 'the machine goes on at once').toBe('1');
    expect((await substrate.stats()).replaced).toBe(before + 1);
    await until(async () => (await substrate.stats()).idle === 2);
    expect(await value(machine, 'x')).toBe('1');
  });

  test('an interrupt that the guest swallows before it ends in time does not commit', async () => {
    const machine = await boot(12);
    await run(machine, 'x = 1');
    const code = `
try:
    while True: pass
except KeyboardInterrupt:
    x = 3
x`;
    await expect(run(machine, code, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' });
    expect(await value(machine, 'x')).toBe('1');
  });

  test('an abort signal interrupts; one that aborted before starts nothing', async () => {
    const machine = await boot(13);
    await run(machine, 'x = 1');
    const controller = new AbortController();
    let started = false;
    const sink = {
      write: () => {
        started = true;
        controller.abort(new Error('enough'));
      },
    };
    const code = `x = 2\nprint('go', flush=True)\n${HANG}`;
    const attempt = machine.execute(request(code), sink, { signal: controller.signal });
    await expect(attempt).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(started).toBe(true);
    await expect(
      machine.execute(request('x = 4'), SILENT, { signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await value(machine, 'x')).toBe('1');
  });

  test('a queued execution can be aborted before it starts, and the time limit does not run meanwhile', async () => {
    const hanging = await Promise.all([14, 15].map(boot));
    const controllers = hanging.map(() => new AbortController());
    const running = hanging.map((machine, i) =>
      machine
        .execute(request(HANG), SILENT, { signal: controllers[i]!.signal })
        .catch((error: unknown) => error),
    );
    await until(async () => (await substrate.stats()).idle === 0);
    const aborted = new AbortController();
    const waiting = await boot(16);
    const attempt = waiting.execute(request('1'), SILENT, { signal: aborted.signal });
    const patient = await boot(17);
    const late = run(patient, '6 * 7', { timeoutMs: 50 });
    await sleep(200);
    aborted.abort();
    await expect(attempt).rejects.toMatchObject({ code: 'INTERRUPTED' });
    for (const controller of controllers) controller.abort();
    expect(await Promise.all(running)).toMatchObject([{ code: 'INTERRUPTED' }, { code: 'INTERRUPTED' }]);
    expect((await late).value).toBe('42');
  });

  test('closing a machine interrupts what it runs', async () => {
    const machine = await boot(18);
    const attempt = run(machine, HANG).catch((error: unknown) => error);
    await sleep(100);
    await machine[Symbol.asyncDispose]();
    expect(await attempt).toMatchObject({ code: 'INTERRUPTED' });
    await expect(machine.snapshot({})).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
  });
});

describe('states', () => {
  test('are freed when nobody keeps them, and idle branches cost nothing on the host', async () => {
    const machine = await boot(30);
    await run(machine, 'base = list(range(100_000))');
    const state = await machine.snapshot({});
    const before = await substrate.stats();
    const idle = await Promise.all(
      Array.from({ length: 500 }, (_, i) => substrate.restore(state, identityOf(1000 + i), {})),
    );
    expect(await substrate.stats()).toMatchObject({ states: before.states, slotsUsed: before.slotsUsed });
    const snapshots = [];
    for (const child of idle.slice(0, 5)) {
      await run(child, 'more = bytes(1_000_000).replace(b"\\0", b"x")');
      snapshots.push(await child.snapshot({}));
    }
    const grown = await substrate.stats();
    expect(grown.states).toBe(before.states + 5);
    expect(grown.slotsUsed - before.slotsUsed).toBeGreaterThan(5 * 244);
    for (const child of idle) await child[Symbol.asyncDispose]();
    for (const each of snapshots) await substrate.discard(each);
    // What a worker holds is still in use: let both hold something else.
    await Promise.all([run(machine, '1'), boot(31).then((other) => run(other, '1'))]);
    const freed = await substrate.stats();
    expect(freed.states).toBeLessThanOrEqual(before.states + 2);
    expect(freed.slotsUsed).toBeLessThan(before.slotsUsed + 2000);
  });

  test('measure tells what a state adds', async () => {
    const machine = await boot(32);
    await run(machine, 'big = bytes(3_000_000).replace(b"\\0", b"x")');
    const { memoryBytes, ownBytes } = await machine.measure();
    expect(memoryBytes).toBeGreaterThan(10_000_000);
    expect(ownBytes).toBeGreaterThan(3_000_000);
    expect(ownBytes).toBeLessThan(5_000_000);
    const child = await substrate.restore(await machine.snapshot({}), identityOf(33), {});
    expect((await child.measure()).ownBytes).toBe(0);
  });

  test('a snapshot that was discarded leaves its twin valid', async () => {
    const machine = await boot(34);
    await run(machine, 'x = 5');
    const [one, two] = [await machine.snapshot({}), await machine.snapshot({})];
    await substrate.discard(one);
    await expect(substrate.restore(one, identityOf(35), {})).rejects.toMatchObject({ code: 'STATE_LOST' });
    expect(await value(await substrate.restore(two, identityOf(35), {}), 'x')).toBe('5');
  });
});

describe('workers', () => {
  test('one whose memory grew large is replaced once it holds a small world', async () => {
    const own = await openSubstrate({ workers: 1 });
    const large = await own.boot(SPEC, identityOf(400), {});
    await run(large, 'big = bytearray(420 << 20)');
    const small = await own.boot(SPEC, identityOf(401), {});
    expect((await own.stats()).replaced, 'not while the large world is all there is').toBe(0);
    await run(small, 'x = 1');
    await until(async () => (await own.stats()).replaced === 1);
    expect(await value(large, 'len(big) >> 20')).toBe('420');
    expect(await value(small, 'x')).toBe('1');
    await own[Symbol.asyncDispose]();
  });

  test('as many executions wait as there may be, and all are answered', async () => {
    const machine = await boot(402);
    await run(machine, 'x = 1');
    const state = await machine.snapshot({});
    const values = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const child = await substrate.restore(state, identityOf(500 + i), {});
        const answer = await value(child, `x + ${i}`);
        await child[Symbol.asyncDispose]();
        return answer;
      }),
    );
    expect(values).toEqual(Array.from({ length: 200 }, (_, i) => String(1 + i)));
  });
});

describe('the slab', () => {
  test('a commit larger than any grant is stored whole', async () => {
    const machine = await boot(37);
    await run(machine, "big = b''.join(i.to_bytes(4, 'little') * 1024 for i in range(10_000))");
    const child = await substrate.restore(await machine.snapshot({}), identityOf(38), {});
    await Promise.all([run(await boot(39), '1'), run(await boot(39), '2')]);
    const probe =
      "all(big[i * 4096:i * 4096 + 4] == i.to_bytes(4, 'little') for i in range(10_000)), len(big)";
    expect(await value(child, probe)).toBe('(True, 40960000)');
  });

  test('a full one is MEMORY_LIMIT: nothing that was kept is lost, and discarding makes room', async () => {
    const own = await openSubstrate({ workers: 2, slabBudgetBytes: 192 * 1024 * 1024 });
    const machine = await own.boot(SPEC, identityOf(50), {});
    await run(machine, 'x = 7');
    const small = await machine.snapshot({});
    const states = [];
    let failure: unknown = null;
    for (let i = 0; i < 40 && failure === null; i++) {
      const child = await own.restore(small, identityOf(51 + i), {});
      try {
        await run(child, `big = bytes(16_000_000 + ${i}).replace(b"\\0", b"${i % 10}")`);
        states.push(await child.snapshot({}));
      } catch (error) {
        failure = error;
        // The result was given out but its state does not exist: the machine does not pretend otherwise.
        await expect(child.snapshot({})).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
      }
      await child[Symbol.asyncDispose]();
    }
    expect(failure).toMatchObject({ code: 'MEMORY_LIMIT' });
    expect(states.length).toBeGreaterThan(3);
    for (const [i, state] of states.entries()) {
      const back = await own.restore(state, identityOf(200 + i), {});
      const result = await run(back, '(');
      expect(result.changed, 'a run that commits nothing still works').toBe(false);
      await back[Symbol.asyncDispose]();
    }
    for (const state of states.splice(0)) await own.discard(state);
    expect(await value(await own.restore(small, identityOf(300), {}), 'x')).toBe('7');
    await own[Symbol.asyncDispose]();
  });
});

describe('losing the host', () => {
  test('kill -9: pending calls fail, its states are lost, new machines work', async () => {
    const own = await openSubstrate({ workers: 2 });
    const machine = await own.boot(SPEC, identityOf(40), {});
    await run(machine, 'x = 1');
    const state = await machine.snapshot({});
    const untouched = await own.boot(SPEC, identityOf(41), {});
    const { pid } = await own.stats();
    const attempt = run(machine, HANG).catch((error: unknown) => error);
    await sleep(100);
    process.kill(pid, 'SIGKILL');
    expect(await attempt).toMatchObject({
      code: 'EXECUTOR_LOST',
      message: expect.stringContaining('send the request again') as string,
    });
    await expect(run(machine, '1')).rejects.toMatchObject({ code: 'STATE_LOST' });
    await expect(own.restore(state, identityOf(42), {})).rejects.toMatchObject({ code: 'STATE_LOST' });
    await own.discard(state);
    expect(await value(untouched, '6 * 7'), 'one at the base state goes on').toBe('42');
    expect(await value(await own.boot(SPEC, identityOf(43), {}), '1 + 1')).toBe('2');
    const second = (await own.stats()).pid;
    expect(second).not.toBe(pid);
    await own[Symbol.asyncDispose]();
    expect(isRunning(second)).toBe(false);
  });

  test('after closing, every call says so and no process is left', async () => {
    const own = await openSubstrate({ workers: 2 });
    const machine = await own.boot(SPEC, identityOf(45), {});
    const { pid } = await own.stats();
    const attempt = run(machine, HANG).catch((error: unknown) => error);
    await sleep(50);
    await own[Symbol.asyncDispose]();
    expect(await attempt).toMatchObject({ code: 'RUNTIME_CLOSED' });
    await expect(own.boot(SPEC, identityOf(46), {})).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
    expect(isRunning(pid)).toBe(false);
  });
});
