import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultyFiles } from '../../test/property/storage-faulty-files.js';
import { PowerLossFiles } from '../../test/property/storage-power-loss-files.js';
import { idOf, timeOf } from '../../test/property/storage-sample-journal.js';
import { openJournalFile } from './journal-file/journal-file.js';
import { openPagePacks } from './page-packs/page-packs.js';

/** A write whose last step failed leaves a file with a name that is not durable. Whoever finds it later relies on that name. */

let index: string;

beforeEach(() => {
  index = mkdtempSync(join(tmpdir(), 'unsynced-'));
});

afterEach(() => rmSync(index, { recursive: true, force: true }));

/** A disk on which nothing survives a loss of power unless it was synced, and whose directories cannot be synced at first. */
function badDisk(): { disk: PowerLossFiles; fileOps: FaultyFiles } {
  const disk = new PowerLossFiles(() => 0.99);
  const fileOps = new FaultyFiles(disk);
  fileOps.fault = ({ call }) => (call === 'syncDirectory' ? { kind: 'error', code: 'EIO' } : null);
  return { disk, fileOps };
}

test('a journal whose first opening failed at the last step loses no entry with the power', async () => {
  const { disk, fileOps } = badDisk();
  await expect(openJournalFile('/j', { fileOps })).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  fileOps.fault = () => null;
  const journal = await openJournalFile('/j', { fileOps });
  const { hash } = await journal.append({ op: 'world.deleted', at: timeOf(1), worldId: idOf('world', 1) });
  await journal[Symbol.asyncDispose]();
  disk.losePower();
  await using again = await openJournalFile('/j', { fileOps });
  expect(again.lastHash).toBe(hash);
});

test('a pack of a write that failed at the last step is not lost with the power once a state needs it', async () => {
  const { disk, fileOps } = badDisk();
  const bytes = Buffer.alloc(4096, 'page');
  const hash = createHash('sha256').update(bytes).digest('hex');
  const options = { packs: '/p', states: '/s', index, fileOps };
  const write = { manifest: Buffer.from('one'), references: [hash], pages: [{ bytes, hash }] };
  fileOps.fault = () => null;
  const first = await openPagePacks(options);
  fileOps.fault = ({ call }) => (call === 'syncDirectory' ? { kind: 'error', code: 'EIO' } : null);
  await expect(first.write('one', write)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  await first[Symbol.asyncDispose]();
  fileOps.fault = () => null;
  const second = await openPagePacks(options);
  expect(second.has(hash), 'it is there, and another state needs only its name').toBe(true);
  await second.write('two', { manifest: Buffer.from('two'), references: [hash], pages: [] });
  await second[Symbol.asyncDispose]();
  disk.losePower();
  await using third = await openPagePacks(options);
  expect(Buffer.from((await third.readManifest('two')).manifest).toString()).toBe('two');
  expect(Buffer.from((await third.readPages([hash]))[0]!).equals(bytes)).toBe(true);
});

test('one bad read of an acknowledged entry is not taken for a torn tail', async () => {
  const disk = new PowerLossFiles(() => 0.99);
  const fileOps = new FaultyFiles(disk);
  const journal = await openJournalFile('/j', { fileOps });
  const { hash } = await journal.append({ op: 'world.deleted', at: timeOf(1), worldId: idOf('world', 1) });
  await journal[Symbol.asyncDispose]();
  let reads = 0;
  fileOps.fault = ({ call }) => {
    if (call !== 'read') return null;
    reads += 1;
    // The first read is of the header.
    return reads === 2 ? { kind: 'flip', bit: 500 } : null;
  };
  await using again = await openJournalFile('/j', { fileOps });
  expect(reads).toBeGreaterThan(2);
  expect({ lastHash: again.lastHash, tornTail: again.tornTail }).toEqual({ lastHash: hash, tornTail: null });
});

test('what reading the journal meets has a name', async () => {
  const { fileOps } = badDisk();
  fileOps.fault = () => null;
  await using journal = await openJournalFile('/j', { fileOps });
  await journal.append({ op: 'world.deleted', at: timeOf(1), worldId: idOf('world', 1) });
  fileOps.fault = ({ call }) => (call === 'read' ? { kind: 'error', code: 'EIO' } : null);
  const read = async (): Promise<void> => {
    for await (const _ of journal.read());
  };
  await expect(read()).rejects.toMatchObject({ code: 'STORAGE_FAILED', details: { errno: 'EIO' } });
});
