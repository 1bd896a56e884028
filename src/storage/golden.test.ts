import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { idOf, timeOf } from '../../test/property/storage-sample-journal.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import type { JournalRecord } from '../ports/journal-record.js';
import { openCheckpointFiles } from './checkpoint-files/checkpoint-files.js';
import { JOURNAL_FILE_NAME, openJournalFile } from './journal-file/journal-file.js';
import { openPagePacks } from './page-packs/page-packs.js';

/**
 * Files written by version 1, as they were committed. Every later version must read them. A new version gets a
 * directory of its own; these never change. GOLDEN_WRITE=1 writes a directory that does not exist yet.
 */
const golden = fileURLToPath(new URL('golden/v1', import.meta.url));

const records: readonly JournalRecord[] = [
  {
    op: 'ledger.applied',
    at: timeOf(1),
    ledger: [
      {
        kind: 'deposit',
        by: '@system',
        owner: 'bank',
        verse: ROOT_VERSE_ID,
        token: 'USD',
        amount: `${2n ** 255n}`,
      },
    ],
  },
  { op: 'state.rooted', at: timeOf(2), state: idOf('state', 1), root: 'ab'.repeat(32) },
  {
    op: 'world.rewound',
    at: timeOf(3),
    worldId: idOf('world', 1),
    from: idOf('state', 2),
    to: idOf('state', 1),
  },
  { op: 'world.deleted', at: timeOf(4), worldId: idOf('world', 1) },
];

/** One page that packs well and one that does not pack at all. */
function pages(): { hash: string; bytes: Uint8Array }[] {
  const noise = Buffer.concat(
    Array.from({ length: 128 }, (_, index) => createHash('sha256').update(`${index}`).digest()),
  );
  return [Buffer.alloc(4096, 'verse '), noise].map((bytes) => ({
    bytes,
    hash: createHash('sha256').update(bytes).digest('hex'),
  }));
}
const MANIFEST = Buffer.from('{"pages":2}');

let directory: string;

async function writeFiles(into: string): Promise<void> {
  for (const name of ['journal', 'packs', 'states']) mkdirSync(join(into, name), { recursive: true });
  await using journal = await openJournalFile(join(into, 'journal'));
  for (const record of records) await journal.append(record);
  await using store = await openPagePacks({ packs: join(into, 'packs'), states: join(into, 'states') });
  await store.write(idOf('state', 1), {
    manifest: MANIFEST,
    references: pages().map(({ hash }) => hash),
    pages: pages(),
  });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'golden-'));
  if (process.env['GOLDEN_WRITE'] === '1' && !existsSync(golden)) await writeFiles(golden);
  cpSync(golden, directory, { recursive: true });
});

afterEach(() => rmSync(directory, { recursive: true }));

test('a journal of version 1 is read', async () => {
  await using journal = await openJournalFile(join(directory, 'journal'));
  const found: JournalRecord[] = [];
  for await (const entry of journal.read()) found.push(entry.record);
  expect(found).toEqual(records);
  expect(journal.lastHash).toBe('5e1705349f6cadff31f97662bfcce3513d2bf2ead314573c843098571e2bccd3');
});

test('packs and manifests of version 1 are read', async () => {
  await using store = await openPagePacks({
    packs: join(directory, 'packs'),
    states: join(directory, 'states'),
  });
  expect(store.notes).toEqual([]);
  expect(Buffer.from((await store.readManifest(idOf('state', 1))).manifest)).toEqual(MANIFEST);
  const found = await store.readPages(pages().map(({ hash }) => hash));
  expect(found.map((bytes) => Buffer.from(bytes))).toEqual(pages().map(({ bytes }) => bytes));
});

test('what is written today is still the same, to the byte', async () => {
  const today = join(directory, 'today');
  await writeFiles(today);
  const path = `journal/${JOURNAL_FILE_NAME}`;
  expect(readFileSync(join(today, path)).equals(readFileSync(join(golden, path))), path).toBe(true);
  // What LZ4 makes of a page may differ between its versions; everything around it may not.
  const [pack] = readdirSync(join(golden, 'packs'));
  const head = (path: string): string => readFileSync(path).subarray(0, 100).toString('latin1').slice(0, 54);
  const [packToday] = readdirSync(join(today, 'packs'));
  expect(head(join(today, 'packs', packToday!))).toBe(head(join(golden, 'packs', pack!)));
});

/** Files of the second layout of the journal, as committed: segments, the list of archived ones, a checkpoint. */
const golden2 = fileURLToPath(new URL('golden/v2', import.meta.url));
const CHECKPOINT = { seq: 4, hash: '5e1705349f6cadff31f97662bfcce3513d2bf2ead314573c843098571e2bccd3' };
const CHECKPOINT_LINES = ['{"kind":"model","text":"é𝔘"}', '{"kind":"end"}'];

async function writeSegments(into: string): Promise<void> {
  for (const name of ['journal', 'checkpoints']) mkdirSync(join(into, name), { recursive: true });
  await using journal = await openJournalFile(join(into, 'journal'), { segmentBytes: 300 });
  for (const record of records) await journal.append(record);
  await journal.archiveBefore(2);
  const checkpoints = await openCheckpointFiles(join(into, 'checkpoints'));
  await checkpoints.write(CHECKPOINT, CHECKPOINT_LINES);
}

test('segments, the list of archived ones and checkpoints of version 2 are read, and written the same today', async () => {
  if (process.env['GOLDEN_WRITE'] === '1' && !existsSync(golden2)) await writeSegments(golden2);
  const copy = join(directory, 'v2');
  cpSync(golden2, copy, { recursive: true });
  await using journal = await openJournalFile(join(copy, 'journal'));
  const found: JournalRecord[] = [];
  for await (const entry of journal.read()) found.push(entry.record);
  expect(found).toEqual(records);
  expect(journal.lastHash).toBe(CHECKPOINT.hash);
  const checkpoints = await openCheckpointFiles(join(copy, 'checkpoints'));
  const read = [];
  for await (const { seq, hash, lines } of checkpoints.newest()) read.push({ seq, hash, lines: [...lines] });
  expect(read).toEqual([{ ...CHECKPOINT, lines: CHECKPOINT_LINES }]);
  const today = join(directory, 'today2');
  await writeSegments(today);
  const paths = readdirSync(golden2, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(paths.length).toBeGreaterThanOrEqual(5);
  for (const { parentPath, name } of paths) {
    const path = join(parentPath.slice(golden2.length), name);
    expect(readFileSync(join(today, path)).equals(readFileSync(join(golden2, path))), path).toBe(true);
  }
});
