import { expect, test } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { describeModel, newWorld, run } from '../../test/support/verbs.js';
import type { StateId } from '../model/ids.js';
import { createWorld } from './create-world.js';
import { type DiffFilesRequest, diffFiles, type FilesDiff } from './diff-files.js';
import { editFiles } from './edit-files.js';
import { createImage } from './images.js';
import type { World } from './world-model.js';

async function put(
  runtime: TestRuntime,
  world: World,
  files: Record<string, string | Uint8Array>,
): Promise<StateId> {
  const edits = Object.entries(files).map(([path, content]) => ({
    kind: 'write' as const,
    path,
    content: Buffer.from(content as string),
  }));
  return (await editFiles(runtime.context, { world, edits }, {})).state;
}

function diff(
  runtime: TestRuntime,
  before: StateId,
  after: StateId,
  more: Partial<DiffFilesRequest> = {},
): Promise<FilesDiff> {
  return diffFiles(runtime.context, { before, after, content: true, contextLines: 3, ...more }, {});
}

const lines = ({ differences }: FilesDiff): string[] =>
  differences.map(
    ({ path, change, content, linesAdded, linesRemoved }) =>
      `${change} ${path} ${content} ${linesAdded ?? '-'} ${linesRemoved ?? '-'}`,
  );

test('files that were added, removed and changed are told, with the lines', async () => {
  const runtime = await openTestRuntime();
  const world = await newWorld(runtime, 'w');
  await put(runtime, world, {
    '/a': 'one\ntwo\n',
    '/gone': 'x',
    '/same': 'same',
    '/bytes': Buffer.from([0, 1]),
  });
  const before = world.head;
  await put(runtime, world, { '/a': 'one\n2\n', '/new/deep/file': 'y\n', '/bytes': Buffer.from([0, 2]) });
  const edits = [
    { kind: 'remove' as const, path: '/gone', recursive: false },
    { kind: 'directory' as const, path: '/empty' },
  ];
  await editFiles(runtime.context, { world, edits }, {});
  const found = await diff(runtime, before, world.head);
  expect(lines(found)).toEqual([
    'changed /a text 1 1',
    'changed /bytes binary - -',
    'added /empty none - -',
    'removed /gone text 0 1',
    'added /new/deep/file text 1 0',
  ]);
  expect(found.differences[0]?.hunks).toBe('@@ -1,2 +1,2 @@\n one\n-two\n+2\n');
  expect(lines(await diff(runtime, before, world.head, { content: false }))[0]).toBe('changed /a unread - -');
  expect(await diff(runtime, before, before)).toEqual({ differences: [], more: false });
  await runtime.close();
});

test('what is too large is told with its size and not read', async () => {
  const runtime = await openTestRuntime();
  const world = await newWorld(runtime, 'w');
  await put(runtime, world, { '/big': 'x\n'.repeat(600_000) });
  const before = world.head;
  await put(runtime, world, { '/big': `x\n`.repeat(600_001) });
  const [only] = (await diff(runtime, before, world.head)).differences;
  expect(only).toMatchObject({ content: 'large', hunks: null, before: { sizeBytes: 1_200_000 } });
  await runtime.close();
});

test('one answer reads and writes so much, and tells of the rest without its lines', async () => {
  const runtime = await openTestRuntime();
  const world = await newWorld(runtime, 'w');
  const size = 1024 * 1024;
  const began = world.head;
  const name = (letter: string, n: number): string => `/${letter}${String(n).padStart(2, '0')}`;
  const some = (letter: string, count: number, content: Buffer | string) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [name(letter, n), content]));
  await put(runtime, world, some('b', 66, Buffer.alloc(size)));
  const bytes = (await diff(runtime, began, world.head)).differences.map(({ content }) => content);
  expect(bytes).toEqual([...Array(64).fill('binary'), 'large', 'large']);
  const other = await newWorld(runtime, 'o');
  const before = other.head;
  await put(runtime, other, some('t', 7, 'x\n'.repeat(size / 2)));
  const text = (await diff(runtime, before, other.head)).differences;
  const shown = text.filter(({ hunks }) => hunks !== null).length;
  expect(shown).toBe(5);
  expect(text.slice(shown).map(({ content }) => content)).toEqual(['large', 'large']);
  await runtime.close();
});

test('two files with nothing in common are replaced, and take bounded work', async () => {
  const runtime = await openTestRuntime();
  const world = await newWorld(runtime, 'w');
  const text = (of: number): string => Array.from({ length: 60_000 }, (_, i) => 2 * i + of).join('\n');
  await put(runtime, world, { '/a': text(0) });
  const before = world.head;
  await put(runtime, world, { '/a': text(1) });
  expect(lines(await diff(runtime, before, world.head))).toEqual(['changed /a text 60000 60000']);
  await runtime.close();
});

test('more files than fit into one answer of the substrate are all told', async () => {
  const runtime = await openTestRuntime();
  const world = await newWorld(runtime, 'w');
  const before = world.head;
  const names = Array.from({ length: 5_003 }, (_, i) => `/many/${String(i).padStart(5, '0')}`);
  await put(runtime, world, Object.fromEntries(names.map((name) => [name, ''])));
  const { differences, more } = await diff(runtime, before, world.head);
  expect(differences.map(({ path }) => path)).toEqual(names);
  expect(more).toBe(false);
  await runtime.close();
});

test('worlds on different images are compared by what they have besides them', async () => {
  const runtime = await openTestRuntime();
  const plain = await newWorld(runtime, 'plain');
  await createImage(
    runtime.context,
    { name: 'tools', preamble: 'x = 1', wheels: [], packages: [], packageDir: null },
    { wait: {} },
  );
  const tooled = await createWorld(runtime.context, { name: 'tooled', image: 'tools' }, {});
  await put(runtime, plain, { '/same': 'same', '/size': 'abc', '/only': 'x' });
  await put(runtime, tooled, { '/same': 'same', '/size': 'abd', '/there': 'y' });
  expect(lines(await diff(runtime, plain.head, tooled.head))).toEqual([
    'removed /only text 0 1',
    'changed /size text 1 1',
    'added /there text 1 0',
  ]);
  await runtime.close();
});

test('nothing is changed by it, and an executor that dies is no matter', async () => {
  const runtime = await openTestRuntime();
  const world = await newWorld(runtime, 'w');
  await run(runtime, world, 'write /tmp/a one');
  const before = world.head;
  await run(runtime, world, 'write /tmp/a two');
  const then = { journal: runtime.disk.lines.length, model: describeModel(runtime.context.model) };
  runtime.loseExecutor();
  expect(lines(await diff(runtime, before, world.head))).toEqual(['changed /tmp/a text 1 1']);
  expect({ journal: runtime.disk.lines.length, model: describeModel(runtime.context.model) }).toEqual(then);
  await runtime.close();
});
