import { describe, expect, test } from 'vitest';
import {
  identityOf,
  isRunning,
  MemoryPageStore,
  openSubstrate,
  request,
  SILENT,
  SPEC,
  until,
} from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

/**
 * Hosts that have been taken over: small programs that speak the protocol up to a point and then lie. The
 * control process must end them, fail the calls that wait, and be able to start another.
 */
const PRELUDE = `
const socket = new (require('node:net').Socket)({ fd: 3, readable: true, writable: true });
const raw = (bytes) => socket.write(bytes);
const head = (length, json) => { const b = Buffer.alloc(8); b.writeUInt32LE(length >>> 0, 0); b.writeUInt32LE(json >>> 0, 4); return b; };
const say = (message, binary = Buffer.alloc(0)) => {
  const json = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
  raw(Buffer.concat([head(json.length + binary.length, json.length), json, binary]));
};
const words = (...values) => Buffer.from(Uint32Array.from(values).buffer);
const facts = { memoryBytes: 1, ownBytes: 1, overheadBytes: 1, root: null };
const ready = () => say({ type: 'ready', baseDigest: 'a'.repeat(64), base: facts });
const done = { kind: 'done', ok: true, changed: true, value: '1', error: null, effects: [], stdoutTruncated: false, stderrTruncated: false, runMs: 1 };
const registers = { stackPointer: 0, heapTop: 0, clockNs: '0', entropySeed: '0', entropyDrawn: '0', cwd: '/', umask: 0, openFiles: [] };
const files = { nodes: [], orphans: [], nextIno: 1 };
const honestly = (run) => { say({ type: 'started', run }); say({ type: 'ran', run, outcome: done }); say({ type: 'committed', run, facts, slotsUsed: 9 }); };
let pending = Buffer.alloc(0);
socket.on('end', () => process.exit());
socket.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 8 && pending.length >= 8 + pending.readUInt32LE(0)) {
    const message = JSON.parse(pending.subarray(8, 8 + pending.readUInt32LE(4)));
    pending = pending.subarray(8 + pending.readUInt32LE(0));
    if (message.type === 'start' && typeof onStart === 'undefined') ready();
    on(message);
  }
});
process.on('SIGTERM', () => undefined);
`;

async function openHostile(source: string, graceMs = 200): Promise<WasmSubstrate> {
  const args = ['-e', `${PRELUDE}\n${source}`];
  return openSubstrate({
    workers: 2,
    graceMs,
    // A folder without a cache, so that the host is asked for a startup snapshot.
    cacheDir: '/nonexistent/cache',
    hostCommand: { file: process.execPath, args },
  });
}

async function execute(substrate: WasmSubstrate, limits = {}) {
  const machine = await substrate.boot(SPEC, identityOf(1), {});
  return machine.execute(request('1', limits), SILENT, {});
}

/** Lies told before the host is ready. */
const EARLY: readonly (readonly [string, string])[] = [
  ['random bytes', `raw(require('node:crypto').randomBytes(4096));`],
  ['a frame of 4 GiB', `raw(head(0xffffffff, 2));`],
  ['JSON longer than its frame', `raw(head(4, 400)); raw(Buffer.alloc(4000));`],
  ['JSON that does not parse', `say('{"type":');`],
  ['something that is no object', `say('[1,2,3]');`],
  ['null', `say('null');`],
  ['a message of no known type', `say({ type: 'shell', command: 'id' });`],
  ['a prototype', `say('{"type":"ready","__proto__":{"lost":null},"baseDigest":"${'a'.repeat(64)}"}');`],
  ['a digest that is none', `say({ type: 'ready', baseDigest: '../../etc', base: facts });`],
  [
    'facts of wrong types',
    `say({ type: 'ready', baseDigest: 'a'.repeat(64), base: { ...facts, ownBytes: -1 } });`,
  ],
  ['a field too many', `say({ type: 'ready', baseDigest: 'a'.repeat(64), base: facts, extra: 1 });`],
  ['readiness twice', `ready(); ready();`],
  [
    'a startup snapshot of a terabyte',
    `say({ type: 'startupPart', offset: 0, totalBytes: 2 ** 40 }, Buffer.alloc(10));`,
  ],
  [
    'parts that overlap',
    `for (const o of [0, 5]) say({ type: 'startupPart', offset: o, totalBytes: 100 }, Buffer.alloc(10));`,
  ],
  ['more parts than announced', `say({ type: 'startupPart', offset: 0, totalBytes: 10 }, Buffer.alloc(11));`],
  ['its own failure', `say({ type: 'fatal', message: 'no engine here' });`],
  ['nothing, and ends', `process.exit(3);`],
];

/** Lies told about a run. */
const RUNS: readonly (readonly [string, string])[] = [
  ['a result before the start', `say({ type: 'ran', run: m.run, outcome: done });`],
  [
    'a commit before the result',
    `say({ type: 'started', run: m.run }); say({ type: 'committed', run: m.run, facts, slotsUsed: 9 });`,
  ],
  ['two starts', `say({ type: 'started', run: m.run }); say({ type: 'started', run: m.run });`],
  ['a run that does not exist', `say({ type: 'started', run: 999999 });`],
  ['a negative run', `say({ type: 'started', run: -1 });`],
  ['a run that is text', `say({ type: 'started', run: String(m.run) });`],
  [
    'an outcome of no known kind',
    `say({ type: 'started', run: m.run }); say({ type: 'ran', run: m.run, outcome: { kind: 'fine' } });`,
  ],
  [
    'a value that is no text',
    `say({ type: 'started', run: m.run }); say({ type: 'ran', run: m.run, outcome: { ...done, value: { toString: 1 } } });`,
  ],
  [
    'output on a stream that is none',
    `say({ type: 'started', run: m.run }); say({ type: 'output', run: m.run, stream: 'log', text: 'x' });`,
  ],
  [
    'output without end',
    `say({ type: 'started', run: m.run }); for (let i = 0; i < 40; i++) say({ type: 'output', run: m.run, stream: 'stdout', text: 'x'.repeat(100000) });`,
  ],
  ['an answer nobody asked for', `say({ type: 'pages', request: 12345 }, Buffer.alloc(4096));`],
  [
    'a startup snapshot after it was ready',
    `say({ type: 'startupPart', offset: 0, totalBytes: 10 }, Buffer.alloc(10));`,
  ],
];

/** Lies told about a state that is to be made durable. */
const DESCRIPTIONS: readonly (readonly [string, string])[] = [
  [
    'a count larger than the frame',
    `say({ type: 'described', request: m.request, registers, files }, words(0xffffffff, 1, 1));`,
  ],
  [
    'an impossible page',
    `say({ type: 'described', request: m.request, registers, files }, words(1, 0xffffffff, 5, 0, 1, 5, 0));`,
  ],
  [
    'a page twice',
    `say({ type: 'described', request: m.request, registers, files }, words(2, 7, 5, 0, 7, 5, 0, 1, 5, 0));`,
  ],
  [
    'a slot that is not described',
    `say({ type: 'described', request: m.request, registers, files }, words(1, 7, 5, 0, 0));`,
  ],
  [
    'a negative slot',
    `say({ type: 'described', request: m.request, registers, files }, words(0, 1, 0x80000001, 0));`,
  ],
  ['half a word', `say({ type: 'described', request: m.request, registers, files }, Buffer.alloc(7));`],
  [
    'something after the end',
    `say({ type: 'described', request: m.request, registers, files }, words(0, 0, 0));`,
  ],
  [
    'a file with a slot nobody described',
    `say({ type: 'described', request: m.request, registers, files: { ...files, nodes: [{ path: '/x', ino: 1, mode: 1, atimeMs: 0, mtimeMs: 0, ctimeMs: 0, rdev: 0, sizeBytes: 1, pages: [77] }] } }, words(0, 0));`,
  ],
  [
    'registers that are no numbers',
    `say({ type: 'described', request: m.request, registers: { ...registers, clockNs: '1e9' }, files }, words(0, 0));`,
  ],
  ['another kind of answer', `say({ type: 'pages', request: m.request }, words(0, 0));`],
  [
    'too few pages',
    `if (m.type === 'describe') say({ type: 'described', request: m.request, registers, files }, words(1, 7, 5, 1, 5, 0)); else say({ type: 'pages', request: m.request }, Buffer.alloc(4095));`,
  ],
];

describe('a host that lies', () => {
  test.each(EARLY)('before it is ready: %s', async (_, lie) => {
    const substrate = await openHostile(`const onStart = 1; const on = () => { ${lie} };`);
    // It may become ready first and lie then: either way the lie is noticed.
    const attempt = substrate.baseDigest({}).then(() => execute(substrate));
    await expect(attempt).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await substrate[Symbol.asyncDispose]();
  });

  test.each(RUNS)('about a run: %s', async (_, lie) => {
    const substrate = await openHostile(`const on = (m) => { if (m.type === 'run') { ${lie} } };`);
    await expect(execute(substrate)).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    // The next host lies too, but there is a next one.
    await expect(execute(substrate)).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await substrate[Symbol.asyncDispose]();
  });

  test.each(DESCRIPTIONS)('about a state: %s', async (_, lie) => {
    const pageStore = new MemoryPageStore();
    const source = `const on = (m) => { if (m.type === 'run') honestly(m.run); if (m.type === 'describe' || m.type === 'readPages') { ${lie} } };`;
    const substrate = await openSubstrate({
      pageStore,
      workers: 2,
      cacheDir: '/nonexistent/cache',
      hostCommand: { file: process.execPath, args: ['-e', `${PRELUDE}\n${source}`] },
    });
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    await machine.execute(request('1'), SILENT, {});
    const state = await machine.snapshot({});
    await expect(substrate.persist(state, {})).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    expect(pageStore.manifests.size, 'nothing was written').toBe(0);
    await substrate[Symbol.asyncDispose]();
  });

  test('one that ignores every order is ended after two grace times', async () => {
    const source = `const on = (m) => { if (m.type === 'run') say({ type: 'started', run: m.run }); };`;
    const substrate = await openHostile(source, 150);
    await substrate.baseDigest({});
    const start = performance.now();
    await expect(execute(substrate, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'EXECUTION_TIMEOUT' });
    expect(performance.now() - start).toBeLessThan(3000);
    await substrate[Symbol.asyncDispose]();
  });

  test('hosts that die at once are not started without end', async () => {
    const substrate = await openHostile('process.exit(7); const on = () => undefined;');
    const messages = new Set<string>();
    for (let i = 0; i < 12; i++) {
      const error: unknown = await execute(substrate).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'EXECUTOR_LOST' });
      if (error instanceof Error) messages.add(error.message.slice(0, 50));
    }
    expect([...messages].some((message) => message.includes('times within'))).toBe(true);
    await substrate[Symbol.asyncDispose]();
  });

  test('a host program that does not exist is an error, not a crash', async () => {
    const substrate = await openSubstrate({
      workers: 2,
      hostCommand: { file: '/nonexistent/program', args: [] },
    });
    await expect(substrate.baseDigest({})).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await substrate[Symbol.asyncDispose]();
  });

  test('the host gets no environment and no folder of the control process', async () => {
    const source = `const on = (m) => { if (m.type !== 'run') return; say({ type: 'started', run: m.run });
      say({ type: 'output', run: m.run, stream: 'stdout', text: JSON.stringify({ env: process.env, cwd: process.cwd() }) });
      say({ type: 'ran', run: m.run, outcome: { ...done, changed: false } }); };`;
    const substrate = await openHostile(source);
    const { stdout } = await execute(substrate);
    expect(JSON.parse(stdout)).toEqual({ env: {}, cwd: '/' });
    await substrate[Symbol.asyncDispose]();
  });

  test('what it prints is kept, bounded, and shown when it is lost', async () => {
    const source = `const on = (m) => { if (m.type === 'run') { console.error('last words'); process.exit(9); } };`;
    const substrate = await openHostile(source);
    await expect(execute(substrate)).rejects.toThrow(/last words/);
    await substrate[Symbol.asyncDispose]();
  });

  test('it is gone when its lie was noticed', async () => {
    const source = `let told = 0; const on = (m) => {
      if (m.type === 'stats') say({ type: 'stats', request: m.request, stats: { workers: 1, idle: 1, replaced: 0, queued: 0, states: 1, slotsUsed: 1, slotsBudget: 1, foreignLoads: 0, loads: 0, trackingWrites: 0 } });
      if (m.type === 'run') say({ type: 'started', run: -5 }); };`;
    const substrate = await openHostile(source);
    const { pid } = await substrate.stats();
    await expect(execute(substrate)).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await until(() => !isRunning(pid));
    await substrate[Symbol.asyncDispose]();
  });
});

describe('what an honest host reports', () => {
  test.each([
    ['engine', 'ENGINE_FAULT'],
    ['budget', 'MEMORY_LIMIT'],
    ['queueFull', 'QUEUE_FULL'],
    ['unknownState', 'STATE_LOST'],
    ['cancelled', 'ENGINE_FAULT'],
  ])('a run that failed for the reason %s is %s', async (reason, code) => {
    const source = `const on = (m) => { if (m.type === 'run') say({ type: 'failed', run: m.run, reason: '${reason}', message: 'so it is' }); };`;
    const substrate = await openHostile(source);
    await expect(execute(substrate)).rejects.toMatchObject({ code });
    await substrate[Symbol.asyncDispose]();
  });

  test.each([
    ['RuntimeError: unreachable', 'ENGINE_FAULT'],
    ['RangeError: out of memory', 'MEMORY_LIMIT'],
  ])('a fatal outcome (%s) is %s', async (reason, code) => {
    const source = `const on = (m) => { if (m.type !== 'run') return; say({ type: 'started', run: m.run });
      say({ type: 'ran', run: m.run, outcome: { kind: 'fatal', reason: '${reason}', runMs: 1 } }); };`;
    const substrate = await openHostile(source);
    await expect(execute(substrate)).rejects.toMatchObject({ code, details: { reason } });
    await substrate[Symbol.asyncDispose]();
  });

  test('a commit that fails after the result was given out is told at the next use, and stays told', async () => {
    const source = `const on = (m) => { if (m.type !== 'run') return; say({ type: 'started', run: m.run });
      say({ type: 'ran', run: m.run, outcome: done });
      say({ type: 'failed', run: m.run, reason: 'engine', message: 'the worker ended' }); };`;
    const substrate = await openHostile(source);
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    expect(await machine.execute(request('1'), SILENT, {})).toMatchObject({ ok: true });
    await expect(machine.snapshot({})).rejects.toMatchObject({ code: 'ENGINE_FAULT' });
    await expect(machine.execute(request('1'), SILENT, {})).rejects.toMatchObject({ code: 'ENGINE_FAULT' });
    await machine[Symbol.asyncDispose]();
    await substrate[Symbol.asyncDispose]();
  });

  test.each([
    ['files', 'FILE_LIMIT'],
    ['budget', 'MEMORY_LIMIT'],
    ['unknownState', 'STATE_LOST'],
  ])('a state that it refuses to describe for the reason %s is %s', async (reason, code) => {
    const source = `const on = (m) => { if (m.type === 'run') honestly(m.run);
      if (m.type === 'describe') say({ type: 'refused', request: m.request, reason: '${reason}', message: 'no' }); };`;
    const substrate = await openHostile(source);
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    await machine.execute(request('1'), SILENT, {});
    await expect(substrate.persist(await machine.snapshot({}), {})).rejects.toMatchObject({ code });
    await substrate[Symbol.asyncDispose]();
  });

  test('an execution that no worker takes is WAIT_TIMEOUT', async () => {
    const source = `const on = (m) => { if (m.type === 'interrupt') say({ type: 'failed', run: m.run, reason: 'cancelled', message: '' }); };`;
    const substrate = await openSubstrate({
      workers: 2,
      queueWaitMs: 100,
      cacheDir: '/nonexistent/cache',
      hostCommand: { file: process.execPath, args: ['-e', `${PRELUDE}\n${source}`] },
    });
    await expect(execute(substrate)).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
    await substrate[Symbol.asyncDispose]();
  });
});
