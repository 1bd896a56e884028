import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../../test/property/storage-faulty-files.js';
import { readAll, rooted, SmallSegments } from '../../../test/support/small-segments.js';
import { ARCHIVE_INDEX_NAME, readArchiveIndex } from './archive-index.js';
import { SEGMENT_HEADER_BYTES } from './journal-format.js';

const segments = new SmallSegments();
const { open, filled, files, pathOf } = segments;

describe('archiving', () => {
  test('moves what comes before, opens without it, reads through it, and says when it is gone', async () => {
    const entries = await filled(9);
    {
      await using journal = await open();
      const archived = await journal.archiveBefore(6);
      expect(archived).toMatchObject({ moved: ['000001.wrj', '000002.wrj'], lastArchivedSeq: 4 });
      expect(archived.directory).toBe(join(segments.directory, 'archive'));
      expect(archived.bytes).toBeGreaterThan(0);
      expect(readdirSync(archived.directory)).toEqual(['000001.wrj', '000002.wrj']);
      expect(files()).toEqual(['000003.wrj', '000004.wrj', '000005.wrj']);
      expect(await readAll(journal)).toEqual(entries);
      expect(await readAll(journal, 4)).toEqual(entries.slice(3));
      // Nothing more to move: the entry itself must stay.
      expect((await journal.archiveBefore(6)).moved).toEqual([]);
      expect((await journal.archiveBefore(5)).moved).toEqual([]);
    }
    await using journal = await open({ verifyFromSeq: 6 });
    expect(await readAll(journal)).toEqual(entries);
    expect((await journal.archiveBefore(1000)).moved).toEqual(['000003.wrj', '000004.wrj']);
    rmSync(join(segments.directory, 'archive', '000002.wrj'));
    const gone = await readAll(journal, 2).catch((thrown: unknown) => thrown);
    expect(gone).toMatchObject({
      code: 'JOURNAL_INCOMPLETE',
      details: {
        files: ['000002.wrj'],
        firstSeq: 3,
        lastSeq: 4,
        directory: join(segments.directory, 'archive'),
      },
    });
    expect(await readAll(journal, 5)).toEqual(entries.slice(4));
    await journal.append(rooted(10));
    await journal[Symbol.asyncDispose]();
    rmSync(join(segments.directory, 'archive'), { recursive: true });
    await using bare = await open({ verifyFromSeq: 9 });
    expect(bare.lastSeq).toBe(10);
    expect(await readAll(bare, 9)).toHaveLength(2);
    await expect(readAll(bare, 8)).rejects.toMatchObject({ code: 'JOURNAL_INCOMPLETE' });
  });

  test('to another segments.directory, and put back into the journal by hand', async () => {
    const entries = await filled(5);
    const elsewhere = join(segments.directory, 'elsewhere');
    await using journal = await open();
    await journal.archiveBefore(5, { directory: elsewhere });
    expect(readdirSync(elsewhere)).toEqual(['000001.wrj', '000002.wrj']);
    const bytes = readFileSync(join(elsewhere, '000001.wrj'));
    rmSync(elsewhere, { recursive: true });
    writeFileSync(pathOf('000001.wrj'), bytes);
    await expect(readAll(journal)).rejects.toMatchObject({ details: { files: ['000002.wrj'] } });
    await journal[Symbol.asyncDispose]();
    await using again = await open({ verifyFromSeq: 5 });
    await expect(readAll(again, 2)).rejects.toMatchObject({ details: { files: ['000002.wrj'] } });
    expect(await readAll(again, 5)).toEqual(entries.slice(4));
    await expect(again.archiveBefore(5, { directory: segments.directory })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });

  test('stops after the segment it is at when it is aborted', async () => {
    await filled(7);
    await using journal = await open();
    const stop = new AbortController();
    const fileOps = new FaultyFiles();
    fileOps.fault = ({ call }) => {
      if (call === 'rename') stop.abort();
      return null;
    };
    await journal[Symbol.asyncDispose]();
    await using again = await open({ fileOps });
    expect((await again.archiveBefore(7, { signal: stop.signal })).moved).toEqual(['000001.wrj']);
    expect((await again.archiveBefore(7)).moved).toEqual(['000002.wrj', '000003.wrj']);
    expect(await readAll(again)).toHaveLength(7);
  });

  test('never moves a damaged segment, nor over a file of another journal', async () => {
    await filled(7);
    const journal = await open();
    const bytes = readFileSync(pathOf('000002.wrj'));
    const damaged = Buffer.from(bytes);
    damaged[SEGMENT_HEADER_BYTES + 60] = 0;
    writeFileSync(pathOf('000002.wrj'), damaged);
    await expect(journal.archiveBefore(7)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    expect(readdirSync(join(segments.directory, 'archive'))).toEqual(['000001.wrj', '000002.wrj.tmp']);
    expect(readFileSync(pathOf('000002.wrj')).equals(damaged)).toBe(true);
    writeFileSync(pathOf('000002.wrj'), bytes);
    writeFileSync(join(segments.directory, 'archive', '000002.wrj'), damaged);
    await expect(journal.archiveBefore(7)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    rmSync(join(segments.directory, 'archive', '000002.wrj'));
    expect((await journal.archiveBefore(7)).moved).toEqual(['000002.wrj', '000003.wrj']);
    expect(await readAll(journal)).toHaveLength(7);
    await journal[Symbol.asyncDispose]();
  });

  test('that fails anywhere leaves every segment whole somewhere, and can be done again', async () => {
    const calls = ['open', 'write', 'sync', 'rename', 'remove', 'syncDirectory', 'makeDirectory'] as const;
    for (const call of calls) {
      for (let skip = 0; skip < 6; skip += 1) {
        for (const name of readdirSync(segments.directory)) rmSync(pathOf(name), { recursive: true });
        const entries = await filled(7);
        const fileOps = new FaultyFiles();
        const journal = await open({ fileOps });
        let left = skip;
        let fired = false;
        fileOps.fault = (each) => {
          if (each.call !== call || fired) return null;
          fired = left === 0;
          left -= 1;
          return fired ? { kind: 'error', code: 'ENOSPC' } : null;
        };
        const failed = await journal.archiveBefore(7).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        if (failed) expect(failed, `${call} ${skip}`).toMatchObject({ code: 'STORAGE_FAILED' });
        fileOps.fault = () => null;
        expect(await readAll(journal), `${call} ${skip}`).toEqual(entries);
        await journal[Symbol.asyncDispose]();
        await using again = await open();
        expect(await readAll(again), `${call} ${skip}`).toEqual(entries);
        await again.archiveBefore(7);
        expect(files()).toEqual(['000004.wrj']);
        expect(await readAll(again)).toEqual(entries);
      }
    }
  });

  test('a damaged list of archived segments is JOURNAL_CORRUPT at every byte; a newer one is named', async () => {
    await filled(5);
    {
      await using journal = await open();
      await journal.archiveBefore(5);
    }
    const whole = readFileSync(pathOf(ARCHIVE_INDEX_NAME));
    for (let at = 0; at < whole.length; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 4;
      writeFileSync(pathOf(ARCHIVE_INDEX_NAME), bytes);
      await expect(open(), `byte ${at}`).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    }
    const { crc32 } = await import('node:zlib');
    const newer = Buffer.from(whole);
    newer.writeUInt32LE(2, 8);
    newer.writeUInt32LE(crc32(newer.subarray(16), crc32(newer.subarray(0, 12))), 12);
    writeFileSync(pathOf(ARCHIVE_INDEX_NAME), newer);
    await expect(open()).rejects.toMatchObject({ code: 'DATA_DIR_VERSION', details: { found: 2 } });
    // Without the list the journal has no beginning.
    rmSync(pathOf(ARCHIVE_INDEX_NAME));
    await expect(open()).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', message: /000001.wrj.*missing/ });
    expect(existsSync(pathOf('000001.wrj'))).toBe(false);
    writeFileSync(pathOf(ARCHIVE_INDEX_NAME), whole);
    expect(await readArchiveIndex(new FaultyFiles(), segments.directory)).toHaveLength(2);
  });
});
