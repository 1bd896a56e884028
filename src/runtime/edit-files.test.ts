import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { gate } from '../../test/support/gate.js';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run, triad, variable } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import { editFiles, type WorldFileEdit } from './edit-files.js';
import { compareStates, listFiles, readFile } from './read-files.js';
import { rewind } from './rewind.js';
import { uploadFile } from './upload-file.js';
import type { World } from './world-model.js';

const put = (path: string, text: string): WorldFileEdit => ({
  kind: 'write',
  path,
  content: Buffer.from(text),
});

function edit({ context }: TestRuntime, world: World, ...edits: WorldFileEdit[]) {
  return editFiles(context, { world, edits }, {});
}

async function text({ context }: TestRuntime, world: World, path: string): Promise<string> {
  const { bytes } = await readFile(context, world.head, path, { offset: 0, length: 1e6 }, {});
  return Buffer.from(bytes).toString();
}

describe('editing files', () => {
  test('makes one durable state that later executions see, and a record of what came in', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'set x 1\nwrite /tmp/old text');
    const head = world.head;
    const record = await edit(
      runtime,
      world,
      put('/data/a', 'hello'),
      { kind: 'directory', path: '/data/d' },
      { kind: 'rename', path: '/tmp/old', to: '/tmp/new' },
      { kind: 'copy', path: '/data/a', to: '/data/b' },
      { kind: 'remove', path: '/data/d', recursive: false },
    );
    expect(record.changes).toEqual([
      {
        kind: 'written',
        path: '/data/a',
        sizeBytes: 5,
        sha256: createHash('sha256').update('hello').digest('hex'),
      },
      { kind: 'directory', path: '/data/d' },
      { kind: 'renamed', path: '/tmp/new', from: '/tmp/old', sizeBytes: 4 },
      { kind: 'copied', path: '/data/b', from: '/data/a', sizeBytes: 5 },
      { kind: 'removed', path: '/data/d' },
    ]);
    expect([record.parentState, record.state]).toEqual([head, world.head]);
    expect((await run(runtime, world, 'read /data/b')).value).toBe("'hello'");
    expect(await variable(runtime, world, 'x')).toBe('1');
    await runtime.close();
  });

  test('survives a kill at once, without running anything again, and can be rewound', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'set x 1');
    await edit(runtime, world, put('/data/a', 'kept'));
    await run(runtime, world, 'add x 1');
    const again = await runtime.crash();
    const same = again.context.model.world(world.id);
    expect(await text(again, same, '/data/a')).toBe('kept');
    expect(await variable(again, same, 'x')).toBe('2');
    await rewind(again.context, same, { steps: 3 }, {});
    await refused(text(again, same, '/data/a'), 'FILE_NOT_FOUND');
    await again.close();
  });

  test('waits for its turn, and refuses when the head has moved', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const expectHead = world.head;
    const order: string[] = [];
    await Promise.all([
      run(runtime, world, 'sleep 5\nwrite /tmp/f first').then(() => order.push('run')),
      edit(runtime, world, put('/tmp/f', 'second')).then(() => order.push('edit')),
      run(runtime, world, 'read /tmp/f').then(({ value }) => order.push(String(value))),
    ]);
    expect(order).toEqual(['run', 'edit', "'second'"]);
    const edits = [put('/tmp/f', 'third')];
    await refused(editFiles(runtime.context, { world, edits, expectHead }, {}), 'HEAD_MOVED');
    expect(await text(runtime, world, '/tmp/f')).toBe('second');
    await runtime.close();
  });

  test('a refused edit leaves no state, no record and the world usable', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w', { limits: { fileBytes: 10 } });
    await run(runtime, world, 'set x 1');
    const before = { head: world.head, lines: runtime.disk.lines.length };
    const states = runtime.substrate.census().states;
    await refused(edit(runtime, world, put('/a', '12345'), put('/b', '123456')), 'FILE_LIMIT');
    await refused(
      edit(runtime, world, put('/a', '1'), { kind: 'remove', path: '/z', recursive: true }),
      'FILE_NOT_FOUND',
    );
    await refused(edit(runtime, world), 'BAD_INPUT');
    await refused(
      edit(runtime, world, { kind: 'write', path: '/a', content: { upload: 'upl_0' } }),
      'BAD_INPUT',
    );
    await refused(edit(runtime, world, put('/system/a', '1')), 'FILE_PROTECTED');
    expect({ head: world.head, lines: runtime.disk.lines.length }).toEqual(before);
    expect(runtime.substrate.census().states).toBe(states);
    expect(await variable(runtime, world, 'x')).toBe('1');
    await runtime.close();
  });

  test('a frozen world is read and not edited; so is a collapsed one', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await edit(runtime, world, put('/a', 'all'));
    const { nash } = await triad(runtime, world);
    await refused(edit(runtime, world, put('/a', 'x')), 'WORLD_FROZEN');
    await edit(runtime, nash, put('/a', 'nash'));
    expect([await text(runtime, world, '/a'), await text(runtime, nash, '/a')]).toEqual(['all', 'nash']);
    await runtime.close();
  });

  test('content comes in parts and is in no world before the edit', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const { context } = runtime;
    const { id } = await uploadFile(
      context,
      world,
      { parts: [{ kind: 'content', content: Buffer.from('one ') }] },
      {},
    );
    await uploadFile(
      context,
      world,
      { upload: id, parts: [{ kind: 'content', content: Buffer.from('two'), append: true }] },
      {},
    );
    await run(runtime, world, 'set x 1');
    const record = await edit(runtime, world, { kind: 'write', path: '/data/f', content: { upload: id } });
    expect(record.changes[0]?.sha256).toBe(createHash('sha256').update('one two').digest('hex'));
    expect(await text(runtime, world, '/data/f')).toBe('one two');
    await refused(uploadFile(context, world, { upload: id, parts: [] }, {}), 'BAD_INPUT', /done/);
    await runtime.close();
  });

  test('an upload that the world could never hold, one for another world, and too many are refused', async () => {
    const runtime = await openTestRuntime();
    const { context } = runtime;
    const world = await newWorld(runtime, 'w', { limits: { fileBytes: 10 } });
    const other = await newWorld(runtime, 'o');
    const part = (size: number, upload?: string) => ({
      parts: [{ kind: 'content', content: Buffer.alloc(size), append: true } as const],
      ...(upload ? { upload } : {}),
    });
    const { id } = await uploadFile(context, world, part(6), {});
    await refused(uploadFile(context, other, part(1, id), {}), 'BAD_INPUT', /another world/);
    await refused(uploadFile(context, world, part(6, id), {}), 'FILE_LIMIT');
    await refused(uploadFile(context, world, part(1, id), {}), 'BAD_INPUT', /Start again/);
    await refused(uploadFile(context, world, part(4 * 1024 * 1024 + 1), {}), 'BAD_INPUT');
    // Also when it would fit into the world.
    await refused(uploadFile(context, other, part(4 * 1024 * 1024 + 1), {}), 'BAD_INPUT', /One call takes/);
    for (let n = 0; n < 64; n += 1) await uploadFile(context, world, part(1), {});
    await refused(uploadFile(context, world, part(1), {}), 'QUEUE_FULL');
    await context.parts.clock.sleep(600_001);
    await uploadFile(context, world, part(1), {});
    expect(context.uploads.size, 'idle ones made room').toBe(1);
    await runtime.close();
  });

  test('uploads that begin at once are no more than those that begin one by one', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((open) => {
      release = open;
    });
    const runtime = await openTestRuntime({
      wrap: (substrate) => ({
        ...substrate,
        boot: async (...parts) => {
          if (context?.uploadsInMaking) await gate;
          return substrate.boot(...parts);
        },
      }),
    });
    const { context } = runtime;
    const world = await newWorld(runtime, 'w');
    const parts = [{ kind: 'content', content: Buffer.alloc(1) } as const];
    const all = Array.from({ length: 80 }, () => uploadFile(context, world, { parts }, {}));
    const settled = Promise.allSettled(all);
    release();
    const refusals = (await settled).filter((one) => one.status === 'rejected');
    expect(refusals.map(({ reason }) => reason.code)).toEqual(Array(16).fill('QUEUE_FULL'));
    expect([context.uploads.size, context.uploadsInMaking]).toEqual([64, 0]);
    await runtime.close();
  });

  test('an upload that idles is ended by whatever else is done, and one that is added to is not', async () => {
    const runtime = await openTestRuntime();
    const { context } = runtime;
    const world = await newWorld(runtime, 'w');
    const parts = [{ kind: 'content', content: Buffer.alloc(1), append: true } as const];
    const before = runtime.substrate.census().states;
    const idle = await uploadFile(context, world, { parts }, {});
    const used = await uploadFile(context, world, { parts }, {});
    await context.parts.clock.sleep(400_000);
    await uploadFile(context, world, { upload: used.id, parts }, {});
    await run(runtime, world, 'set x 1');
    await context.backgroundDone();
    expect([...context.uploads.keys()]).toEqual([idle.id, used.id]);
    await context.parts.clock.sleep(300_000);
    await run(runtime, world, 'set x 2');
    await context.backgroundDone();
    expect([...context.uploads.keys()]).toEqual([used.id]);
    await context.parts.clock.sleep(700_000);
    await run(runtime, world, 'set x 3');
    await context.backgroundDone();
    expect(context.uploads.size).toBe(0);
    // Three executions, and nothing of the uploads.
    expect(runtime.substrate.census().states).toBe(before + 3);
    await runtime.close();
  });

  test('an upload takes one part at a time, is written behind as it grows, and leaves nothing', async () => {
    const persisted: number[] = [];
    const runtime = await openTestRuntime({
      wrap: (substrate) => ({
        ...substrate,
        persist: (...parts) => {
          persisted.push(context.uploads.size);
          return substrate.persist(...parts);
        },
      }),
    });
    const { context } = runtime;
    const world = await newWorld(runtime, 'w');
    const before = runtime.substrate.census().states;
    const mib = 1024 * 1024;
    const part = { kind: 'content', content: Buffer.alloc(4 * mib, 'x'), append: true } as const;
    const { id } = await uploadFile(context, world, { parts: [part] }, {});
    const both = [1, 2].map(() => uploadFile(context, world, { upload: id, parts: [part] }, {}));
    const [first, second] = await Promise.allSettled(both);
    expect(first?.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { code: 'BAD_INPUT', message: /takes a part just now/ } });
    expect(context.uploads.get(id)?.sizeBytes).toBe(8 * mib);
    for (let n = 0; n < 6; n += 1) await uploadFile(context, world, { upload: id, parts: [part] }, {});
    expect(persisted, 'every 16 MiB').toEqual([1, 1]);
    expect(runtime.substrate.census().states, 'only what it is now').toBe(before + 1);
    const edited = await edit(runtime, world, { kind: 'write', path: '/f', content: { upload: id } });
    expect(edited.changes).toMatchObject([{ path: '/f', sizeBytes: 32 * mib }]);
    expect(runtime.substrate.census().states, 'the world as it is now').toBe(before + 1);
    await runtime.close();
  });

  test('are safe from a collection between the disk and the journal', async () => {
    const [pause, go] = [gate(), gate()];
    let armed = false;
    const runtime = await openTestRuntime({
      retention: { states: 1 },
      wrap: (substrate) => ({
        ...substrate,
        persist: async (...parts) => {
          const durable = await substrate.persist(...parts);
          if (armed) pause.open();
          if (armed) await go.passed;
          return durable;
        },
      }),
    });
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'set x 1');
    armed = true;
    const editing = edit(runtime, world, put('/a', 'kept'));
    await pause.passed;
    armed = false;
    let collected = false;
    const collecting = runtime.context.upkeep.collect({}, {}).then(() => (collected = true));
    for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
    expect(collected, 'it waits').toBe(false);
    go.open();
    await Promise.all([editing, collecting]);
    const again = await runtime.crash();
    expect(await text(again, again.context.model.world(world.id), '/a')).toBe('kept');
    await again.close();
  });

  test('a directory comes in parts too, merges into what is there, and leads nowhere else', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const { context } = runtime;
    await edit(runtime, world, put('/data/old', 'old'), put('/data/d/f', 'before'));
    const content = (path: string, text: string) =>
      ({ kind: 'content', path, content: Buffer.from(text) }) as const;
    const parts = [content('d/f', 'after'), { kind: 'directory', path: 'empty' } as const, content('g', 'g')];
    const { id } = await uploadFile(context, world, { parts }, {});
    for (const path of ['../g', 'd/../../g', '/g', 'd//g', '.']) {
      await refused(uploadFile(context, world, { upload: id, parts: [content(path, 'x')] }, {}), 'BAD_INPUT');
    }
    await edit(runtime, world, { kind: 'place', path: '/data', upload: id });
    const { entries } = await listFiles(
      context,
      world.head,
      { path: '/data', recursive: true, limit: 99 },
      {},
    );
    expect(entries.map(({ path }) => path)).toEqual([
      '/data/d',
      '/data/d/f',
      '/data/empty',
      '/data/g',
      '/data/old',
    ]);
    expect(await text(runtime, world, '/data/d/f')).toBe('after');
    await runtime.close();
  });

  test('files are copied between worlds, and states compared', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    const other = await newWorld(runtime, 'o');
    await run(runtime, other, 'write /tmp/f shared\nset y 1');
    await edit(runtime, world, { kind: 'copy', path: '/tmp/f', to: '/g', state: other.head });
    expect(await text(runtime, world, '/g')).toBe('shared');
    const compared = await compareStates(runtime.context, world.head, other.head, {});
    expect(compared).toEqual({ pagesDiffering: 1, pagesTotal: 1 });
    const listing = await listFiles(
      runtime.context,
      world.head,
      { path: '/g', recursive: false, limit: 9 },
      {},
    );
    expect(listing.entry.kind).toBe('file');
    await runtime.close();
  });

  test('a branch on edited files draws the random numbers of its parent, as on any state', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'random');
    await edit(runtime, world, put('/a', 'x'));
    const { children } = await branch(runtime.context, world, { count: 2, commonRandomNumbers: true }, {});
    const worlds = children.map(({ worldId }) => runtime.context.model.world(worldId));
    const drawn = await Promise.all(
      [...worlds, world].map(async (one) => (await run(runtime, one, 'random')).value),
    );
    expect(new Set(drawn).size).toBe(1);
    await runtime.close();
  });

  test('goes on when the executor is lost, and stops when its caller does', async () => {
    const runtime = await openTestRuntime();
    const world = await newWorld(runtime, 'w');
    await run(runtime, world, 'set x 1');
    runtime.loseExecutor();
    await edit(runtime, world, put('/a', 'x'));
    expect(await variable(runtime, world, 'x')).toBe('1');
    const signal = AbortSignal.abort();
    await refused(editFiles(runtime.context, { world, edits: [put('/a', 'y')] }, { signal }), 'INTERRUPTED');
    expect(await text(runtime, world, '/a')).toBe('x');
    await runtime.close();
  });
});
