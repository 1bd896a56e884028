import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printable } from '../format/files.js';
import { LocalTree, staysInside } from './local-tree.js';
import { isWorldPath, lastName, parseWorldPath } from './world-path.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-local-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}
async function* broken(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half');
  throw new Error('stopped');
}

describe('a local tree', () => {
  test.each([[['..', 'x']], [['.']], [['']], [['a/b']], [['a\0']], [['d', '..', '..', 'x']]])(
    'refuses the names %j',
    async (names) => {
      const tree = new LocalTree(folder, { force: true });
      await expect(tree.file(names, bytes('x'), 0o644)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    },
  );

  test('follows no link below its root and leaves nothing of a file that did not come whole', async () => {
    const root = join(folder, 'root');
    const tree = new LocalTree(root, { force: true });
    await tree.directory(['d']);
    symlinkSync(folder, join(root, 'l'));
    await expect(tree.file(['l', 'x'], bytes('x'), 0o644)).rejects.toMatchObject({ code: 'FILE_CONFLICT' });
    await expect(tree.file(['d', 'x'], broken(), 0o644)).rejects.toThrow('stopped');
    expect(readdirSync(join(root, 'd'))).toEqual([]);
    writeFileSync(join(folder, 'kept'), 'kept');
    symlinkSync(join(folder, 'kept'), join(root, 'd', 'y'));
    await tree.file(['d', 'y'], bytes('new'), 0o644);
    expect(readdirSync(join(root, 'd'), { withFileTypes: true })[0]?.isFile(), 'the link was replaced').toBe(
      true,
    );
  });

  test('says what cannot be written as the user needs it, and comes back from where nothing can be made', async () => {
    writeFileSync(join(folder, 'file'), 'x');
    const below = new LocalTree(join(folder, 'file', 'd'), { force: true });
    const inTheWay = { code: 'FILE_CONFLICT', message: expect.stringMatching(/the local .*file/) };
    await expect(below.file(['x'], bytes('x'), 0o644)).rejects.toMatchObject(inTheWay);
    const deep = new LocalTree(join(folder, 'some', 'way', 'down'), { force: true });
    await deep.file(['x'], bytes('x'), 0o644);
    expect(readdirSync(join(folder, 'some', 'way', 'down'))).toEqual(['x']);
    if (process.platform !== 'linux') return;
    const refused = { code: 'STORAGE_FAILED', message: expect.stringMatching(/the local \/proc.*ENOENT/) };
    const nowhere = new LocalTree('/proc/a/b', { force: true });
    await expect(nowhere.directory([])).rejects.toMatchObject(refused);
    await expect(
      new LocalTree('/proc', { force: true }).file(['x'], bytes('x'), 0o644),
    ).rejects.toMatchObject(refused);
  });

  test.each([
    [0, 'a', true],
    [0, 'a/b', true],
    [1, '../a', true],
    [2, '../../a', true],
    [0, '..', false],
    [0, '../a', false],
    [1, '../../a', false],
    [5, 'a/../b', false],
    [5, './../a/..', false],
    [5, '/a', false],
    [5, 'C:\\a', false],
    [5, '', false],
  ])('a link %i directories down to %j stays inside: %s', (depth, target, stays) => {
    expect(staysInside(depth, target)).toBe(stays);
  });
});

test.each([
  ['w:/a', { world: 'w', path: '/a' }],
  ['w@snap:a/b', { world: 'w', state: 'snap', path: 'a/b' }],
  [':x', { path: 'x' }],
  ['p/nash:', { world: 'p/nash', path: '' }],
  ['w:/a:b@c', { world: 'w', path: '/a:b@c' }],
])('%s is a path in a world', (text, parsed) => {
  expect(parseWorldPath(text)).toEqual(parsed);
});

test('local paths are no paths in a world', () => {
  expect(['a', './a:b', '/a:b', '../w:x'].map(isWorldPath)).toEqual([false, false, false, false]);
  expect(() => parseWorldPath('a')).toThrow(/WORLD:PATH/);
  expect(() => parseWorldPath('w@:a')).toThrow(/state behind @/);
  expect(['a/b/', '/', '.', 'a/..', 'a'].map(lastName)).toEqual(['b', '', '', '', 'a']);
});

test('names of guests cannot move the cursor', () => {
  expect(printable('plain ünï')).toBe('plain ünï');
  expect(printable('a\nb\u001b[2J\u202e')).toBe('"a\\nb\\u001b[2J\\u202e"');
});
