import { AssertionError } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { WorldId } from '../../model/ids.js';
import { DEFAULT_LIMITS } from '../../model/limits.js';
import type { BranchIdentity, ExecuteRequest, Machine, OutputSink } from '../../ports/substrate.js';
import type { Fault, FaultPlan, SimulatedOperation } from './fault-plan.js';
import { createSimulatedSubstrate, type SimulatedSubstrateOptions } from './simulated-substrate.js';
import { createVirtualClock } from './virtual-clock.js';

const QUIET: OutputSink = { write: () => undefined };
const SPEC = { limits: DEFAULT_LIMITS };

function identity(number = 1): BranchIdentity {
  return {
    worldId: WorldId.parse(`wld_${String(number).padStart(26, '0')}`),
    generation: 0,
    verse: 'root',
    trit: 0,
    probability: '1',
    seed: BigInt(number),
    commonRandomNumbers: false,
  };
}

function request(code: string, timeoutMs = 1000): ExecuteRequest {
  return { language: 'python', code, clockNs: 0n, balances: {}, limits: { ...DEFAULT_LIMITS, timeoutMs } };
}

function open(options: Partial<SimulatedSubstrateOptions> = {}) {
  const clock = createVirtualClock();
  return { clock, substrate: createSimulatedSubstrate({ clock, ...options }) };
}

async function run(machine: Machine, code: string): Promise<string | null> {
  return (await machine.execute(request(code), QUIET, {})).value;
}

/** One fault at the first operation of a kind. */
function once(operation: SimulatedOperation, fault: Fault): FaultPlan {
  let spent = false;
  return {
    at(_step, present) {
      if (spent || present !== operation) return undefined;
      spent = true;
      return fault;
    },
  };
}

describe('the language', () => {
  test('answers the last value, and names what went wrong', async () => {
    const { substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    expect(await run(machine, 'set x 40\nadd x 2\nget x')).toBe('42');
    expect(await run(machine, 'set x hello\nget x')).toBe("'hello'");
    const errors = {
      'get y': 'NameError',
      'read nowhere': 'FileNotFoundError',
      'add x 1': 'TypeError',
      'transfer bob GOLD some': 'ValueError',
      'transfer bob GOLD 1': 'InsufficientBalance',
      'fault NO_SUCH': 'ValueError',
      'fail so': 'SimulatedError',
    };
    for (const [code, type] of Object.entries(errors)) {
      expect((await machine.execute(request(code), QUIET, {})).error?.type, code).toBe(type);
    }
  });

  test('a hostile guest can ask for more than it has', async () => {
    const { substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    const result = await machine.execute(request('overdraw bob GOLD 7'), QUIET, {});
    expect(result.effects).toEqual([{ kind: 'transfer', to: 'bob', token: 'GOLD', amount: '7' }]);
  });

  test('a guest can ask for any fault of the engine, which rolls back', async () => {
    const { substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    await run(machine, 'set x 1');
    await expect(run(machine, 'set x 2\nfault ENGINE_FAULT')).rejects.toMatchObject({ code: 'ENGINE_FAULT' });
    await expect(run(machine, `allocate ${2 ** 40}`)).rejects.toMatchObject({ code: 'MEMORY_LIMIT' });
    expect(await run(machine, 'allocate 1000\nget x')).toBe('1');
  });

  test('sleeping takes host time, within what the execution may take', async () => {
    const { clock, substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    await run(machine, 'sleep 400\nsleep 500');
    expect(clock.monotonicMs()).toBe(900);
    await expect(run(machine, 'sleep 600\nsleep 600')).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' });
    expect(clock.monotonicMs()).toBe(1900);
  });

  test('a cut in the middle of a character drops the whole character', async () => {
    const { substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    const limits = { ...DEFAULT_LIMITS, outputBytes: 5 };
    const result = await machine.execute({ ...request('print éé☃'), limits }, QUIET, {});
    expect([result.stdout, result.stdoutTruncated]).toEqual(['éé', true]);
  });
});

describe('storage', () => {
  test('two instances over one archive are two processes on one disk', async () => {
    const archive = new Map<string, string>();
    const [first, second] = [open({ archive }), open({ archive })];
    const machine = await first.substrate.boot(SPEC, identity(), {});
    await run(machine, 'set x 1');
    const durable = await first.substrate.persist(await machine.snapshot({}), {});
    first.substrate.crash();
    const state = await second.substrate.recall(durable, {});
    expect(await run(await second.substrate.restore(state, identity(), {}), 'get x')).toBe('1');
  });

  test('a damaged, a missing and a foreign state are told apart', async () => {
    const archive = new Map<string, string>();
    const { substrate } = open({ archive });
    const machine = await substrate.boot(SPEC, identity(), {});
    const durable = await substrate.persist(await machine.snapshot({}), {});
    const foreign = open({ archive, base: 'another' });
    await expect(foreign.substrate.recall(durable, {})).rejects.toMatchObject({ code: 'IMAGE_MISMATCH' });
    for (const key of archive.keys()) archive.set(key, '{}');
    await expect(substrate.recall(durable, {})).rejects.toMatchObject({ code: 'PAGE_CORRUPT' });
    archive.clear();
    await expect(substrate.recall(durable, {})).rejects.toMatchObject({ code: 'STATE_LOST' });
  });
});

describe('faults', () => {
  test('a failure does nothing and names its step', async () => {
    const fault = { kind: 'fail', code: 'STORAGE_FAILED' } as const;
    const { substrate } = open({ faults: once('persist', fault) });
    const machine = await substrate.boot(SPEC, identity(), {});
    const state = await machine.snapshot({});
    await expect(substrate.persist(state, {})).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: 'injected fault at step 3 (persist)',
    });
    await substrate.persist(state, {});
    expect(substrate.census()).toEqual({ machines: 1, states: 1, steps: 4 });
  });

  test('a delay takes time of the clock, and can be aborted', async () => {
    const { clock, substrate } = open({ faults: { at: () => ({ kind: 'delay', ms: 250 }) } });
    await substrate.boot(SPEC, identity(), {});
    expect(clock.monotonicMs()).toBe(250);
    const controller = new AbortController();
    const booting = substrate.boot(SPEC, identity(2), { signal: controller.signal });
    controller.abort();
    await expect(booting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(substrate.census().machines).toBe(1);
  });

  test('a lost reply leaves the work done where the port allows it', async () => {
    const { substrate } = open({ faults: once('boot', { kind: 'loseReply' }) });
    await expect(substrate.boot(SPEC, identity(), {})).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    expect(substrate.census().machines).toBe(1);
  });

  test('an execution whose reply is lost ran, and its machine is at the state before', async () => {
    const { substrate } = open({ faults: once('execute', { kind: 'loseReply' }) });
    const machine = await substrate.boot(SPEC, identity(), {});
    const written: string[] = [];
    const sink: OutputSink = { write: (_stream, text) => written.push(text) };
    const attempt = machine.execute(request('set x 1\nprint ran'), sink, {});
    await expect(attempt).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    expect(written).toEqual(['ran\n']);
    expect((await machine.execute(request('get x'), QUIET, {})).error?.type).toBe('NameError');
  });

  test('a crash loses states and machines for good, and refuses everything until restarted', async () => {
    const { substrate } = open({ faults: once('measure', { kind: 'crash' }) });
    const machine = await substrate.boot(SPEC, identity(), {});
    const state = await machine.snapshot({});
    const durable = await substrate.persist(state, {});
    await expect(machine.measure()).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await expect(substrate.boot(SPEC, identity(), {})).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    substrate.restart();
    await expect(run(machine, 'now')).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await expect(substrate.restore(state, identity(), {})).rejects.toMatchObject({ code: 'STATE_LOST' });
    const recalled = await substrate.recall(durable, {});
    await substrate.restore(recalled, identity(), {});
    expect(substrate.census()).toMatchObject({ machines: 1, states: 1 });
  });

  test('an execution under way when the substrate crashes is lost', async () => {
    const { substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    const running = run(machine, 'sleep 100');
    substrate.crash();
    substrate.restart();
    await expect(running).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
  });
});

describe('duties of the caller', () => {
  test('overlapping executions and the use of a disposed machine are programming errors', async () => {
    const { substrate } = open();
    const machine = await substrate.boot(SPEC, identity(), {});
    const running = run(machine, 'sleep 100');
    await expect(run(machine, 'now')).rejects.toThrow(AssertionError);
    await expect(machine.snapshot({})).rejects.toThrow(/while it executes/);
    await running;
    await machine[Symbol.asyncDispose]();
    await expect(run(machine, 'now')).rejects.toThrow(/disposed machine/);
    expect(substrate.census().machines).toBe(0);
  });
});
