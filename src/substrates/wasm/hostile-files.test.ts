import { describe, expect, test } from 'vitest';
import type { StateRef } from '../../ports/substrate.js';
import { identityOf, openSubstrate, request, SILENT, SPEC } from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

/** A host that tells lies about files: paths would become local ones, lengths would become memory. */
const PRELUDE = `
const socket = new (require('node:net').Socket)({ fd: 3, readable: true, writable: true });
const say = (message, binary = Buffer.alloc(0)) => {
  const json = Buffer.from(JSON.stringify(message));
  const head = Buffer.alloc(8);
  head.writeUInt32LE(json.length + binary.length, 0);
  head.writeUInt32LE(json.length, 4);
  socket.write(Buffer.concat([head, json, binary]));
};
const facts = { memoryBytes: 1, ownBytes: 1, overheadBytes: 1, root: null };
const done = { kind: 'done', ok: true, changed: true, value: '1', error: null, effects: [], stdoutTruncated: false, stderrTruncated: false, runMs: 1 };
const entry = (path, more = {}) => ({ path, kind: 'file', sizeBytes: 1, mode: 420, mtimeMs: 0, ...more });
const list = (m, path, entries, more = false) => say({ type: 'listed', request: m.request, entry: entry(path, { kind: 'directory', sizeBytes: 0 }), entries, more });
let pending = Buffer.alloc(0);
socket.on('end', () => process.exit());
socket.on('data', (chunk) => {
  pending = Buffer.concat([pending, chunk]);
  while (pending.length >= 8 && pending.length >= 8 + pending.readUInt32LE(0)) {
    const m = JSON.parse(pending.subarray(8, 8 + pending.readUInt32LE(4)));
    pending = pending.subarray(8 + pending.readUInt32LE(0));
    if (m.type === 'start') say({ type: 'ready', baseDigest: 'a'.repeat(64), base: facts });
    if (m.type === 'run') { say({ type: 'started', run: m.run }); say({ type: 'ran', run: m.run, outcome: done }); say({ type: 'committed', run: m.run, facts, slotsUsed: 1 }); }
    if (m.request !== undefined) lie(m);
  }
});
`;

type Ask = (substrate: WasmSubstrate, state: StateRef) => Promise<unknown>;
const list: Ask = (substrate, state) =>
  substrate.listFiles(state, { path: '/tmp', recursive: true, limit: 2 }, {});
const listOne: Ask = (substrate, state) =>
  substrate.listFiles(state, { path: '/tmp', recursive: false, limit: 2 }, {});
const read: Ask = (substrate, state) => substrate.readFile(state, '/tmp/f', { offset: 0, length: 10 }, {});
const edit: Ask = (substrate, state) =>
  substrate.editFiles(
    state,
    [{ kind: 'directory', path: '/tmp/d' }],
    { clockNs: 0n, bounds: { fileBytes: 1, files: 1 } },
    {},
  );
const compare: Ask = (substrate, state) => substrate.compare(state, state, {});

const compareFiles: Ask = (substrate, state) => substrate.compareFiles(state, state, { limit: 2 }, {});
const differ = (...lines: string[]): string =>
  `const file = (path, before, after) => ({ path, before, after, content: false }); say({ type: 'filesCompared', request: m.request, more: false, differences: [${lines}] })`;

const LIES: readonly (readonly [string, Ask, string])[] = [
  ['a name that leads up', list, `list(m, '/tmp', [entry('/tmp/../etc')])`],
  ['a name that is only dots', list, `list(m, '/tmp', [entry('/tmp/..')])`],
  ['a relative name', list, `list(m, '/tmp', [entry('tmp/f')])`],
  ['an empty name', list, `list(m, '/tmp', [entry('/tmp//f')])`],
  ['a name with NUL', list, `list(m, '/tmp', [entry('/tmp/a\\0')])`],
  ['a name elsewhere', list, `list(m, '/tmp', [entry('/home/f')])`],
  ['a name further down than asked', listOne, `list(m, '/tmp', [entry('/tmp/a/b')])`],
  ['names twice', list, `list(m, '/tmp', [entry('/tmp/a'), entry('/tmp/a')])`],
  ['more names than asked for', list, `list(m, '/tmp', ['a', 'b', 'c'].map((n) => entry('/tmp/' + n)))`],
  ['a size below zero', list, `list(m, '/tmp', [entry('/tmp/a', { sizeBytes: -1 })])`],
  ['a kind of its own', list, `list(m, '/tmp', [entry('/tmp/a', { kind: 'socket' })])`],
  [
    'too many bytes',
    read,
    `say({ type: 'filePart', request: m.request, entry: entry('/tmp/f') }, Buffer.alloc(9))`,
  ],
  [
    'too few bytes',
    read,
    `say({ type: 'filePart', request: m.request, entry: entry('/tmp/f', { sizeBytes: 9 }) }, Buffer.alloc(8))`,
  ],
  [
    'a part of a directory',
    read,
    `say({ type: 'filePart', request: m.request, entry: entry('/tmp/f', { kind: 'directory' }) }, Buffer.alloc(1))`,
  ],
  ['too few changes', edit, `say({ type: 'edited', request: m.request, facts, changes: [] })`],
  [
    'a change that leads up',
    edit,
    `say({ type: 'edited', request: m.request, facts, changes: [{ path: '/tmp/../d' }] })`,
  ],
  [
    'more differences than pages',
    compare,
    `say({ type: 'compared', request: m.request, differing: 2, total: 1 })`,
  ],
  ['a difference of nothing', compareFiles, differ(`file('/a', null, null)`)],
  ['a difference under another name', compareFiles, differ(`file('/a', null, entry('/b'))`)],
  ['a difference that leads up', compareFiles, differ(`file('/../a', null, entry('/../a'))`)],
  [
    'differences twice',
    compareFiles,
    differ(`file('/a', null, entry('/a'))`, `file('/a', null, entry('/a'))`),
  ],
  [
    'more differences than asked for',
    compareFiles,
    differ(...['/a', '/b', '/c'].map((path) => `file('${path}', null, entry('${path}'))`)),
  ],
  ['another kind of answer', compare, `say({ type: 'pages', request: m.request })`],
];

describe('a host that lies about files', () => {
  test.each(LIES)('is ended: %s', async (_, ask, lie) => {
    const substrate = await openSubstrate({
      workers: 2,
      cacheDir: '/nonexistent/cache',
      hostCommand: { file: process.execPath, args: ['-e', `${PRELUDE}\nfunction lie(m) { ${lie} }`] },
    });
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    await machine.execute(request('1'), SILENT, {});
    const state = await machine.snapshot({});
    await expect(ask(substrate, state)).rejects.toMatchObject({ code: 'EXECUTOR_LOST' });
    await substrate[Symbol.asyncDispose]();
  });

  test('an honest answer of the same host is taken', async () => {
    const lie = `list(m, '/tmp', [entry('/tmp/a'), entry('/tmp/b...')], true)`;
    const substrate = await openSubstrate({
      workers: 2,
      cacheDir: '/nonexistent/cache',
      hostCommand: { file: process.execPath, args: ['-e', `${PRELUDE}\nfunction lie(m) { ${lie} }`] },
    });
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    await machine.execute(request('1'), SILENT, {});
    await expect(list(substrate, await machine.snapshot({}))).resolves.toMatchObject({ more: true });
    await substrate[Symbol.asyncDispose]();
  });
});
