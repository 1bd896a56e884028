import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../../test/property/storage-faulty-files.js';
import { sampleHistory } from '../../../test/property/storage-sample-journal.js';
import { FRAME, readAll, rooted, SmallSegments } from '../../../test/support/small-segments.js';
import type { JournalEntry, JournalRecord } from '../../ports/journal-record.js';
import { openJournalFile } from './journal-file.js';
import {
  chainHash,
  encodeHeader,
  encodeRecord,
  HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
} from './journal-format.js';

const segments = new SmallSegments();
const { open, filled, files, pathOf } = segments;

describe('a journal of several segments', () => {
  test('reads as one chain from anywhere, before and after it was closed', async () => {
    const journal = await open();
    const entries: JournalEntry[] = [];
    for (let index = 1; index <= 11; index += 1) entries.push(await journal.append(rooted(index)));
    expect(files()).toEqual([
      '000001.wrj',
      '000002.wrj',
      '000003.wrj',
      '000004.wrj',
      '000005.wrj',
      '000006.wrj',
    ]);
    for (let from = 1; from <= 12; from += 1)
      expect(await readAll(journal, from)).toEqual(entries.slice(from - 1));
    await journal[Symbol.asyncDispose]();
    await using again = await open();
    expect(again.lastSeq).toBe(11);
    expect(again.lastHash).toBe(entries.at(-1)?.hash);
    expect(again.sizeBytes).toBe(files().reduce((sum, name) => sum + statSync(pathOf(name)).size, 0));
    for (let from = 1; from <= 12; from += 1)
      expect(await readAll(again, from)).toEqual(entries.slice(from - 1));
    expect((await again.append(rooted(12))).prevHash).toBe(entries.at(-1)?.hash);
  });

  test('a batch is never divided, and every kind of record crosses the border', async () => {
    const { records } = sampleHistory();
    await using journal = await openJournalFile(segments.directory, { segmentBytes: 1 });
    for (let index = 0; index < records.length; index += 3)
      await Promise.all(records.slice(index, index + 3).map((record) => journal.append(record)));
    // An empty segment takes a batch, however large its header is.
    expect(files()).toHaveLength(Math.ceil(records.length / 3));
    expect((await readAll(journal)).map(({ record }) => record)).toEqual(records);
  });

  test('one that was one file goes on in segments', async () => {
    {
      await using journal = await openJournalFile(segments.directory);
      for (let index = 1; index <= 5; index += 1) await journal.append(rooted(index));
    }
    expect(files()).toEqual(['000001.wrj']);
    const before = readFileSync(pathOf('000001.wrj'));
    await using journal = await open();
    await journal.append(rooted(6));
    expect(files()).toEqual(['000001.wrj', '000002.wrj']);
    expect(readFileSync(pathOf('000001.wrj')).equals(before)).toBe(true);
    expect(await readAll(journal)).toHaveLength(6);
  });

  test('an empty last segment is fine', async () => {
    const entries = await filled(2);
    const prevHash = Buffer.from(entries[1]!.hash, 'hex');
    writeFileSync(pathOf('000002.wrj'), encodeHeader({ number: 2, firstSeq: 3, prevHash }));
    await using journal = await open();
    expect(journal.lastSeq).toBe(2);
    expect((await journal.append(rooted(3))).prevHash).toBe(entries[1]?.hash);
    expect(files()).toHaveLength(2);
  });

  test('a reader goes on while segments are added and archived', async () => {
    await filled(7);
    await using journal = await open();
    const seen: number[] = [];
    for await (const { seq } of journal.read()) {
      seen.push(seq);
      if (seq === 2) await journal.append(rooted(8));
      if (seq === 3) expect((await journal.archiveBefore(7)).moved).toHaveLength(3);
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('settled waits for what was appended before, lazily too, and fails with it', async () => {
    const fileOps = new FaultyFiles();
    const journal = await open({ fileOps });
    await journal.settled();
    journal.appendLazily(rooted(1));
    await journal.settled();
    expect(await readAll(journal)).toHaveLength(1);
    fileOps.fault = ({ call }) => (call === 'sync' ? { kind: 'error', code: 'EIO' } : null);
    journal.appendLazily(rooted(2));
    await expect(journal.settled()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(journal.settled()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await journal[Symbol.asyncDispose]();
  });
});

describe('damage in one of several segments', () => {
  test('a flipped bit in any byte before the last record is JOURNAL_CORRUPT, names the file, and changes nothing', async () => {
    await filled(6);
    expect(files()).toHaveLength(3);
    for (const [index, name] of files().entries()) {
      const whole = readFileSync(pathOf(name));
      const head = index === 0 ? HEADER_BYTES : SEGMENT_HEADER_BYTES;
      // In the last segment damage of the last record is a torn tail.
      const end = index === 2 ? whole.length - FRAME : whole.length;
      for (let at = 0; at < end; at += 1) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        writeFileSync(pathOf(name), bytes);
        const seq = at < head ? expect.any(Number) : 2 * index + 1 + Math.floor((at - head) / FRAME);
        const offset = at < head ? 0 : head + Math.floor((at - head) / FRAME) * FRAME;
        await expect(open(), `${name} byte ${at}`).rejects.toMatchObject({
          code: 'JOURNAL_CORRUPT',
          details: { path: pathOf(name), offset, seq },
        });
        expect(readFileSync(pathOf(name)).equals(bytes)).toBe(true);
      }
      writeFileSync(pathOf(name), whole);
    }
  });

  test('cut off at any byte: only the last segment may be', async () => {
    await filled(6);
    for (const [index, name] of files().entries()) {
      const whole = readFileSync(pathOf(name));
      for (let size = 0; size < whole.length; size += 1) {
        writeFileSync(pathOf(name), whole.subarray(0, size));
        if (index < 2 || size < SEGMENT_HEADER_BYTES) {
          await expect(open(), `${name} cut at ${size}`).rejects.toMatchObject({
            code: 'JOURNAL_CORRUPT',
            details: { path: pathOf(name) },
          });
        } else {
          const journal = await open();
          expect(journal.lastSeq).toBe(4 + Math.floor((size - SEGMENT_HEADER_BYTES) / FRAME));
          await journal[Symbol.asyncDispose]();
        }
        writeFileSync(pathOf(name), whole);
      }
    }
  });

  test('a segment that is missing, exchanged, put twice or of another journal is JOURNAL_CORRUPT', async () => {
    await filled(8);
    const whole = new Map(files().map((name) => [name, readFileSync(pathOf(name))]));
    const prevHash = Buffer.alloc(32, 7);
    const body = Buffer.from(JSON.stringify(rooted(9)));
    const foreign = Buffer.concat([
      encodeHeader({ number: 4, firstSeq: 7, prevHash }),
      encodeRecord({ seq: 7, batchSeq: 7, hash: chainHash(prevHash, 7, body) }, body),
    ]);
    const [one, two, three, four] = [...whole.values()];
    for (const damaged of [
      [null, two, three, four],
      [one, null, three, four],
      [one, two, null, four],
      [one, three, two, four],
      [one, two, two, four],
      [one, two, three, foreign],
      [two, two, three, four],
    ]) {
      for (const [index, bytes] of damaged.entries()) {
        const path = pathOf(`00000${index + 1}.wrj`);
        if (bytes) writeFileSync(path, bytes);
        else rmSync(path, { force: true });
      }
      await expect(open()).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    }
  });

  test('behind a known entry it is found by reading, not by opening', async () => {
    await filled(8);
    const bytes = readFileSync(pathOf('000002.wrj'));
    bytes[SEGMENT_HEADER_BYTES + 70] = 0x20;
    writeFileSync(pathOf('000002.wrj'), bytes);
    await using journal = await open({ verifyFromSeq: 6 });
    expect(await readAll(journal, 5)).toHaveLength(4);
    await expect(readAll(journal)).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
      details: { path: pathOf('000002.wrj'), seq: 3 },
    });
    await expect(open({ verifyFromSeq: 4 })).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });

  test('a segment of a newer version is named', async () => {
    await filled(2);
    const header = encodeHeader({ number: 2, firstSeq: 3, prevHash: Buffer.alloc(32) });
    header.writeUInt32LE(3, 8);
    const { crc32 } = await import('node:zlib');
    header.writeUInt32LE(crc32(header.subarray(0, 12)), 12);
    writeFileSync(pathOf('000002.wrj'), header);
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIR_VERSION', details: { found: 3 } });
  });

  test('trits that do not add up are refused when written and found when read', async () => {
    const branched = sampleHistory().records.find((record) => record.op === 'world.branched')!;
    const wrong = { ...branched, gf3Sum: branched.gf3Sum + 1 } as JournalRecord;
    {
      await using journal = await open();
      await expect(journal.append(wrong)).rejects.toMatchObject({ code: 'INTERNAL' });
    }
    const body = Buffer.from(JSON.stringify(wrong));
    const hash = chainHash(Buffer.alloc(32), 1, body);
    writeFileSync(
      pathOf('000001.wrj'),
      Buffer.concat([encodeHeader(), encodeRecord({ seq: 1, batchSeq: 1, hash }, body)]),
    );
    await using journal = await open();
    await expect(readAll(journal)).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
      message: /trits sum to/,
    });
  });
});

describe('failing while another segment begins', () => {
  test.each(['open', 'write', 'sync', 'rename', 'syncDirectory'] as const)(
    'a failed %s is STORAGE_FAILED for all who wait, and loses nothing acknowledged',
    async (call) => {
      const fileOps = new FaultyFiles();
      const journal = await open({ fileOps });
      await journal.append(rooted(1));
      await journal.append(rooted(2));
      fileOps.fault = (each) =>
        each.call === call && each.path !== pathOf('000001.wrj') ? { kind: 'error', code: 'ENOSPC' } : null;
      const waiting = await Promise.allSettled([journal.append(rooted(3)), journal.append(rooted(4))]);
      for (const each of waiting)
        expect(each).toMatchObject({ reason: { code: 'STORAGE_FAILED', message: /disk is full/ } });
      await expect(journal.append(rooted(5))).rejects.toThrow(/disk is full/);
      fileOps.fault = () => null;
      await journal[Symbol.asyncDispose]();
      await using again = await open();
      expect(again.lastSeq).toBe(2);
      expect((await again.append(rooted(6))).seq).toBe(3);
      expect(await readAll(again)).toHaveLength(3);
    },
  );
});
