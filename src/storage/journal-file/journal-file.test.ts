import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../../test/property/storage-faulty-files.js';
import { idOf, sampleHistory } from '../../../test/property/storage-sample-journal.js';
import type { JournalEntry, JournalRecord } from '../../ports/journal-record.js';
import { JOURNAL_FILE_NAME, type JournalFile, openJournalFile } from './journal-file.js';
import {
  BODY_BYTES_MAX,
  chainHash,
  decodeFrame,
  encodeHeader,
  encodeRecord,
  FRAME_BYTES,
  HEADER_BYTES,
} from './journal-format.js';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(directory, JOURNAL_FILE_NAME);
});

afterEach(() => rmSync(directory, { recursive: true }));

const records = sampleHistory().records;
const rooted = (number: number, root = 'r'): JournalRecord => ({
  op: 'state.rooted',
  at: '2026-01-01T00:00:00.000000Z',
  state: idOf('state', number),
  root,
});

async function readAll(journal: JournalFile, fromSeq?: number): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of journal.read(fromSeq)) entries.push(entry);
  return entries;
}

/** Writes records, each in a batch of its own or all in one, and closes. */
async function filled(list: readonly JournalRecord[], together = false): Promise<JournalEntry[]> {
  await using journal = await openJournalFile(directory);
  if (together) return Promise.all(list.map((record) => journal.append(record)));
  const entries: JournalEntry[] = [];
  for (const record of list) entries.push(await journal.append(record));
  return entries;
}

describe('appending and reading', () => {
  test('every kind of record reads back as it was written, chained, in order', async () => {
    const entries = await filled(records);
    await using journal = await openJournalFile(directory);
    expect(journal.tornTail).toBeNull();
    expect(journal.lastSeq).toBe(records.length);
    expect(journal.lastHash).toBe(entries.at(-1)?.hash);
    const read = await readAll(journal);
    expect(read).toEqual(entries);
    expect(read.map((entry) => entry.record)).toEqual(records);
    expect(read[0]?.prevHash).toBe('0'.repeat(64));
    expect(read.map((entry) => entry.prevHash).slice(1)).toEqual(
      read.map((entry) => entry.hash).slice(0, -1),
    );
  });

  test('reading can start anywhere, also far behind the start', async () => {
    await filled(
      Array.from({ length: 700 }, (_, index) => rooted(index)),
      true,
    );
    await using journal = await openJournalFile(directory);
    for (const from of [1, 255, 256, 257, 512, 513, 700, 701]) {
      const entries = await readAll(journal, from);
      expect(entries.map(({ seq }) => seq)).toEqual(
        Array.from({ length: 701 - from }, (_, index) => from + index),
      );
    }
  });

  test('concurrent appends share a write and a sync, and keep the order of the calls', async () => {
    const fileOps = new FaultyFiles();
    await using journal = await openJournalFile(directory, { fileOps });
    fileOps.calls.length = 0;
    const entries = await Promise.all(
      Array.from({ length: 200 }, (_, index) => journal.append(rooted(index))),
    );
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(fileOps.count('sync')).toBe(1);
    expect(fileOps.count('write')).toBe(1);
    for (let index = 0; index < 3; index += 1) await journal.append(rooted(index));
    expect(fileOps.count('sync')).toBe(4);
    expect((await readAll(journal)).map(({ seq }) => seq)).toHaveLength(203);
  });

  test('a lazy record is durable soon, rides with the next append, and is told to the observer', async () => {
    const seen: number[] = [];
    const fileOps = new FaultyFiles();
    await using journal = await openJournalFile(directory, {
      fileOps,
      onDurable: ({ seq }) => seen.push(seq),
    });
    fileOps.calls.length = 0;
    journal.appendLazily(rooted(1));
    expect(journal.lastSeq).toBe(1);
    expect(fileOps.count('sync')).toBe(0);
    await journal.append(rooted(2));
    expect(fileOps.count('sync')).toBe(1);
    // Also one that comes while a write is under way has none of its own.
    const first = journal.append(rooted(20));
    await new Promise((resolve) => setImmediate(resolve));
    journal.appendLazily(rooted(21));
    await first;
    await journal.append(rooted(22));
    expect(fileOps.count('sync')).toBe(3);
    journal.appendLazily(rooted(3));
    await expect.poll(() => fileOps.count('sync'), { timeout: 2000 }).toBe(4);
    await expect.poll(() => seen).toEqual([1, 2, 3, 4, 5, 6]);
    journal.appendLazily(rooted(4));
    await journal[Symbol.asyncDispose]();
    await using again = await openJournalFile(directory);
    expect(again.lastSeq).toBe(7);
  });

  test('a record larger than a chunk, and text of every kind', async () => {
    const big = { ...rooted(1), root: '𝔘é\u0000"\\'.repeat(700_000) } as JournalRecord;
    await filled([rooted(0), big, rooted(2)]);
    await using journal = await openJournalFile(directory);
    expect((await readAll(journal)).map((entry) => entry.record)).toEqual([rooted(0), big, rooted(2)]);
  });

  test('what the schema refuses is never written', async () => {
    await using journal = await openJournalFile(directory);
    const bad = [
      { ...rooted(1), root: 7 },
      { ...rooted(1), extra: 1 },
      { op: 'planted' },
      { ...records[2], runMs: Number.NaN },
    ];
    for (const record of bad)
      await expect(journal.append(record as never)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect((await journal.append(rooted(1))).seq).toBe(1);
  });

  test('a closed journal refuses', async () => {
    const journal = await openJournalFile(directory);
    await journal[Symbol.asyncDispose]();
    await expect(journal.append(rooted(1))).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
    expect(() => journal.appendLazily(rooted(1))).toThrow(/closed/);
    await expect(readAll(journal)).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
  });
});

describe('crashes', () => {
  test('cut off at every byte of the tail: acknowledged records before the cut are there, and appending goes on', async () => {
    await filled([rooted(1, 'x'), rooted(2, 'y'), rooted(3, 'z')]);
    const whole = readFileSync(path);
    const frame = (whole.length - HEADER_BYTES) / 3;
    for (let size = HEADER_BYTES; size <= whole.length; size += 1) {
      writeFileSync(path, whole.subarray(0, size));
      const journal = await openJournalFile(directory);
      const kept = Math.floor((size - HEADER_BYTES) / frame);
      expect(journal.lastSeq, `cut at ${size}`).toBe(kept);
      expect(journal.tornTail).toEqual(
        (size - HEADER_BYTES) % frame === 0
          ? null
          : { offset: HEADER_BYTES + kept * frame, bytes: (size - HEADER_BYTES) % frame },
      );
      await journal.append(rooted(9, 'after'));
      await journal[Symbol.asyncDispose]();
      await using again = await openJournalFile(directory);
      expect((await readAll(again)).map(({ record }) => ('root' in record ? record.root : ''))).toEqual([
        ...['x', 'y', 'z'].slice(0, kept),
        'after',
      ]);
    }
  });

  test('a batch whose blocks reached the disk in another order is a torn tail', async () => {
    await filled([rooted(1)]);
    const acknowledged = statSync(path).size;
    {
      await using journal = await openJournalFile(directory);
      await Promise.all([journal.append(rooted(2)), journal.append(rooted(3)), journal.append(rooted(4))]);
    }
    const bytes = readFileSync(path);
    bytes.fill(0, acknowledged, acknowledged + 20);
    writeFileSync(path, bytes);
    await using journal = await openJournalFile(directory);
    expect(journal.lastSeq).toBe(1);
    expect(journal.tornTail?.offset).toBe(acknowledged);
    expect(statSync(path).size).toBe(acknowledged);
  });

  test.each([
    ['zeros', 0],
    ['ones', 0xff],
  ])('a tail of %s is cut off', async (_, value) => {
    await filled([rooted(1)]);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(100_000, value)]));
    await using journal = await openJournalFile(directory);
    expect(journal.lastSeq).toBe(1);
    expect(journal.tornTail?.bytes).toBe(100_000);
  });
});

describe('damage', () => {
  test('a flipped bit in any byte of an acknowledged record is JOURNAL_CORRUPT, and nothing is changed', async () => {
    await filled([rooted(1), rooted(2), rooted(3)]);
    const whole = readFileSync(path);
    const frame = (whole.length - HEADER_BYTES) / 3;
    for (let at = HEADER_BYTES; at < HEADER_BYTES + 2 * frame; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, bytes);
      const seq = at < HEADER_BYTES + frame ? 1 : 2;
      await expect(openJournalFile(directory), `byte ${at}`).rejects.toMatchObject({
        code: 'JOURNAL_CORRUPT',
        details: { offset: HEADER_BYTES + (seq - 1) * frame, seq },
      });
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
  });

  test('a flipped bit in the header is JOURNAL_CORRUPT', async () => {
    await filled([rooted(1)]);
    const whole = readFileSync(path);
    for (let at = 0; at < HEADER_BYTES; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      await expect(openJournalFile(directory)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    }
    for (const size of [0, 5, 15]) {
      writeFileSync(path, whole.subarray(0, size));
      await expect(openJournalFile(directory)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    }
  });

  test('a record left out, put twice, or rewritten with a right checksum breaks the chain', async () => {
    await filled([rooted(1), rooted(2), rooted(3)]);
    const whole = readFileSync(path);
    const frame = (whole.length - HEADER_BYTES) / 3;
    const part = (index: number): Buffer =>
      whole.subarray(HEADER_BYTES + index * frame, HEADER_BYTES + (index + 1) * frame);
    const head = whole.subarray(0, HEADER_BYTES);
    const second = decodeFrame(part(1).subarray(0, FRAME_BYTES))!;
    const forged = encodeRecord(
      second,
      Buffer.from(part(1).subarray(FRAME_BYTES).toString().replace('"r"', '"q"')),
    );
    for (const bytes of [
      [head, part(0), part(2)],
      [head, part(0), part(0), part(1)],
      [head, part(0), forged, part(2)],
      [head, part(0), forged],
    ]) {
      writeFileSync(path, Buffer.concat(bytes));
      await expect(openJournalFile(directory)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    }
  });

  test('damage that appears while it is open is found by reading', async () => {
    await filled([rooted(1), rooted(2)]);
    await using journal = await openJournalFile(directory);
    const bytes = readFileSync(path);
    bytes[HEADER_BYTES + FRAME_BYTES + 5] = 0x20;
    writeFileSync(path, bytes);
    await expect(readAll(journal)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', details: { seq: 1 } });
  });

  test('a newer version is named, of the file and of a record', async () => {
    const header = encodeHeader();
    header.writeUInt32LE(3, 8);
    const { crc32 } = await import('node:zlib');
    header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
    writeFileSync(path, header);
    await expect(openJournalFile(directory)).rejects.toMatchObject({
      code: 'DATA_DIR_VERSION',
      details: { found: 3 },
    });
    const body = Buffer.from(JSON.stringify({ op: 'world.teleported' }));
    const hash = chainHash(Buffer.alloc(32), 1, body);
    writeFileSync(path, Buffer.concat([encodeHeader(), encodeRecord({ seq: 1, batchSeq: 1, hash }, body)]));
    await using journal = await openJournalFile(directory);
    await expect(readAll(journal)).rejects.toMatchObject({ code: 'DATA_DIR_VERSION', details: { seq: 1 } });
  });

  test('a length beyond the limit is never believed', () => {
    const frame = encodeRecord({ seq: 1, batchSeq: 1, hash: Buffer.alloc(32) }, Buffer.from('{}'));
    frame.writeUInt32LE(BODY_BYTES_MAX + 1, 0);
    expect(decodeFrame(frame)).toBeNull();
  });
});

describe('failing disks', () => {
  test.each(['write', 'sync'] as const)(
    'a failed %s is STORAGE_FAILED for all who wait, for all who come, until reopened',
    async (call) => {
      const fileOps = new FaultyFiles();
      const journal = await openJournalFile(directory, { fileOps });
      await journal.append(rooted(1));
      fileOps.fault = (each) => (each.call === call ? { kind: 'error', code: 'ENOSPC' } : null);
      const waiting = await Promise.allSettled([journal.append(rooted(2)), journal.append(rooted(3))]);
      for (const each of waiting)
        expect(each).toMatchObject({ reason: { code: 'STORAGE_FAILED', details: { errno: 'ENOSPC' } } });
      fileOps.fault = () => null;
      await expect(journal.append(rooted(4))).rejects.toThrow(/disk is full/);
      expect(() => journal.appendLazily(rooted(5))).toThrow(/disk is full/);
      expect((await readAll(journal)).map(({ seq }) => seq)).toEqual([1]);
      await journal[Symbol.asyncDispose]();
      await using again = await openJournalFile(directory);
      expect(again.lastSeq).toBeGreaterThanOrEqual(1);
      expect((await again.append(rooted(6))).seq).toBe(again.lastSeq);
    },
  );

  test('short writes are continued', async () => {
    const fileOps = new FaultyFiles();
    await using journal = await openJournalFile(directory, { fileOps });
    fileOps.fault = ({ call }) => (call === 'write' ? { kind: 'short', bytes: 7 } : null);
    await journal.append(rooted(1));
    expect(await readAll(journal)).toHaveLength(1);
    fileOps.fault = ({ call }) => (call === 'write' ? { kind: 'short', bytes: 0 } : null);
    await expect(journal.append(rooted(2))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  test('a write torn at any byte loses nothing acknowledged', async () => {
    for (let bytes = 0; bytes < 200; bytes += 7) {
      rmSync(path, { force: true });
      const fileOps = new FaultyFiles();
      const journal = await openJournalFile(directory, { fileOps });
      await journal.append(rooted(1));
      fileOps.fault = ({ call }) => (call === 'write' ? { kind: 'torn', bytes, code: 'EIO' } : null);
      await expect(journal.append(rooted(2))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await journal[Symbol.asyncDispose]();
      await using again = await openJournalFile(directory);
      const seqs = (await readAll(again)).map(({ seq }) => seq);
      expect(seqs[0]).toBe(1);
      expect((await again.append(rooted(3))).seq).toBe(seqs.length + 1);
    }
  });
});
