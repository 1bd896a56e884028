import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';

/**
 * Hash of the base image that this source makes. The same on every machine and every version of Node: that is what
 * lets a state move between them. It changes with the engine, the guest's Python files, the devices and the warm-up;
 * after such a change, check that Node 20 and 24 still agree, put the new value here, and say so in the changelog,
 * since older states cannot be read any more.
 */
const BASE_DIGEST = '074cb9bd4f346f2e3c3b102ab3ac8c6bccf2e5ac485c2916562c9497577d7e06';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-base-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('this version of Node makes the base image that all others make', async () => {
  const runtime = await WorldRuntime.open({ dataDir: folder });
  try {
    await runtime.create();
    expect((await runtime.query('SELECT base_digest FROM worlds')).rows).toEqual([[BASE_DIGEST]]);
  } finally {
    await runtime.close();
  }
}, 120_000);
