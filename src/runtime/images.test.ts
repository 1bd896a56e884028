import { afterEach, describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { branch } from './branch.js';
import { createWorld } from './create-world.js';
import { deleteWorld } from './delete-world.js';
import { createImage, removeImage } from './images.js';
import { snapshotWorld } from './snapshot-world.js';

const open: TestRuntime[] = [];
afterEach(async () => {
  for (const t of open.splice(0)) await t.close();
});

async function openOne(): Promise<TestRuntime> {
  const t = await openTestRuntime();
  open.push(t);
  return t;
}

const make = (t: TestRuntime, name: string, preamble = 'x = 1') =>
  createImage(t.context, { name, preamble, wheels: [], packages: [], packageDir: null }, { wait: {} });

describe('an image', () => {
  it('is what its worlds and their descendants name, also in the next process', async () => {
    let t = await openTestRuntime();
    const { image } = await make(t, 'tools');
    const world = await createWorld(t.context, { name: 'w', image: 'tools' }, {});
    await branch(t.context, world, { count: 2 }, {});
    await snapshotWorld(t.context, world, 's', {});
    t = await t.crash();
    open.push(t);
    await createWorld(t.context, { name: 'later', snapshot: 's' }, {});
    const births = [...t.context.model.worlds.values()].map(({ birth }) => birth);
    expect(births.length).toBe(4);
    for (const birth of births) {
      expect(birth).toMatchObject({
        image: { name: 'tools', hash: image.hash },
        baseDigest: image.baseDigest,
      });
    }
    expect(world.birth.baseDigest).not.toBe((await createWorld(t.context, {}, {})).birth.baseDigest);
  });

  it('cannot be removed while it is needed, and gives its name back then', async () => {
    const t = await openOne();
    await make(t, 'tools');
    const world = await createWorld(t.context, { name: 'w', image: 'tools' }, {});
    await expect(removeImage(t.context, 'tools')).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
    await expect(make(t, 'tools')).rejects.toMatchObject({ code: 'NAME_TAKEN' });
    await make(t, 'same-content');
    await removeImage(t.context, 'tools');
    await expect(removeImage(t.context, 'same-content')).rejects.toMatchObject({ code: 'IMAGE_IN_USE' });
    await deleteWorld(t.context, world, {});
    await removeImage(t.context, 'same-content');
    await expect(createWorld(t.context, { image: 'tools' }, {})).rejects.toMatchObject({
      code: 'IMAGE_NOT_FOUND',
    });
    await make(t, 'tools', 'y = 2');
  });

  it('is not removed while a world of it is being made', async () => {
    let enter = (): void => {};
    let leave = (): void => {};
    const entered = new Promise<void>((resolve) => (enter = resolve));
    const left = new Promise<void>((resolve) => (leave = resolve));
    const t = await openTestRuntime({
      wrap: (substrate) => ({
        ...substrate,
        boot: async (...parts) => {
          enter();
          await left;
          return substrate.boot(...parts);
        },
      }),
    });
    open.push(t);
    await make(t, 'tools');
    const making = createWorld(t.context, { name: 'w', image: 'tools' }, {});
    await entered;
    await expect(removeImage(t.context, 'tools')).rejects.toThrow(/a world that is being made/);
    leave();
    await making;
    await expect(removeImage(t.context, 'tools')).rejects.toThrow(/1 worlds \(w\)/);
  });

  it('does not let a snapshot cross into it', async () => {
    const t = await openOne();
    await make(t, 'tools');
    const world = await createWorld(t.context, { name: 'plain' }, {});
    await snapshotWorld(t.context, world, 's', {});
    await expect(createWorld(t.context, { snapshot: 's', image: 'tools' }, {})).rejects.toMatchObject({
      code: 'IMAGE_MISMATCH',
      message: expect.stringMatching(/image standard.*image tools/),
    });
  });
});
