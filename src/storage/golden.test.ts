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
import { openPagePacks, type PagePacks } from './page-packs/page-packs.js';

/**
 * Files written by each version of the packs, as they were committed. Every later version must read them. A new version
 * gets a directory of its own; these never change. GOLDEN_WRITE=1 writes the newest one when it does not exist yet.
 */
const golden = fileURLToPath(new URL('golden/v1', import.meta.url));
const goldenPacks = fileURLToPath(new URL('golden/packs-v2', import.meta.url));

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

/** A page in which one line of the second one is another. */
function changedPage(): { hash: string; bytes: Uint8Array; base: string } {
  const [, noise] = pages();
  const bytes = Uint8Array.from(noise!.bytes);
  bytes.fill(7, 1000, 1020);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex'), base: noise!.hash };
}
const REFERENCES = pages().map(({ hash }) => hash);
const CHANGED_REFERENCES = [...REFERENCES, ...REFERENCES, changedPage().hash];

let directory: string;

async function writeJournal(into: string): Promise<void> {
  mkdirSync(join(into, 'journal'), { recursive: true });
  await using journal = await openJournalFile(join(into, 'journal'));
  for (const record of records) await journal.append(record);
}

const openPacksIn = (folder: string): Promise<PagePacks> =>
  openPagePacks({
    packs: join(folder, 'packs'),
    states: join(folder, 'states'),
    index: join(directory, 'index'),
  });

async function writePacks(into: string): Promise<void> {
  for (const name of ['packs', 'states']) mkdirSync(join(into, name), { recursive: true });
  await using store = await openPacksIn(into);
  const [first, second] = [idOf('state', 1), idOf('state', 2)];
  await store.write(first, { manifest: MANIFEST, references: REFERENCES, pages: pages() });
  const changed = { manifest: MANIFEST, references: CHANGED_REFERENCES, pages: [changedPage()] };
  await store.write(second, { ...changed, basedOn: first });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'golden-'));
  if (process.env['GOLDEN_WRITE'] === '1' && !existsSync(goldenPacks)) {
    await writePacks(goldenPacks);
    rmSync(join(directory, 'index'), { recursive: true });
  }
});

afterEach(() => rmSync(directory, { recursive: true }));

test('a journal of version 1 is read', async () => {
  cpSync(golden, directory, { recursive: true });
  await using journal = await openJournalFile(join(directory, 'journal'));
  const found: JournalRecord[] = [];
  for await (const entry of journal.read()) found.push(entry.record);
  expect(found).toEqual(records);
  expect(journal.lastHash).toBe('5e1705349f6cadff31f97662bfcce3513d2bf2ead314573c843098571e2bccd3');
});

test('packs and manifests of version 1 are read, and live beside new ones', async () => {
  cpSync(golden, directory, { recursive: true });
  await using store = await openPacksIn(directory);
  expect(store.notes).toEqual([]);
  const stored = await store.readManifest(idOf('state', 1));
  expect(Buffer.from(stored.manifest)).toEqual(MANIFEST);
  const read = async (hashes: readonly string[]): Promise<Buffer[]> =>
    (await store.readPages(hashes)).map((bytes) => Buffer.from(bytes));
  expect(await read(REFERENCES)).toEqual(pages().map(({ bytes }) => bytes));
  const changed = changedPage();
  await store.write('new', { manifest: MANIFEST, references: [changed.hash], pages: [changed] });
  // What a manifest of version 1 needs is not known unless its substrate's format says so: nothing of then goes.
  await (await store.beginCollection()).collect({ live: new Set([idOf('state', 1), 'new']) });
  await expect(store.readManifest('new')).resolves.toMatchObject({ references: [changed.hash] });
  expect(await read([...REFERENCES, changed.hash])).toEqual(
    [...pages(), changed].map(({ bytes }) => Buffer.from(bytes)),
  );
});

test('packs and manifests of version 2 are read, differences too', async () => {
  cpSync(goldenPacks, directory, { recursive: true });
  await using store = await openPacksIn(directory);
  expect(store.notes).toEqual([]);
  const stored = await store.readManifest(idOf('state', 2));
  expect(Buffer.from(stored.manifest)).toEqual(MANIFEST);
  expect(stored.references).toEqual(CHANGED_REFERENCES);
  const expected = [...pages(), ...pages(), changedPage()].map(({ bytes }) => Buffer.from(bytes));
  expect((await store.readPages(CHANGED_REFERENCES)).map((bytes) => Buffer.from(bytes))).toEqual(expected);
});

test('a journal written today is still the same, to the byte', async () => {
  await writeJournal(join(directory, 'today'));
  const path = `journal/${JOURNAL_FILE_NAME}`;
  expect(readFileSync(join(directory, 'today', path)).equals(readFileSync(join(golden, path))), path).toBe(
    true,
  );
});

test('packs written today look like those of version 2', async () => {
  const today = join(directory, 'today');
  await writePacks(today);
  // What the compressors make of a page may differ between their versions; everything around it may not.
  const heads = (folder: string): string[] =>
    readdirSync(join(folder, 'packs'))
      .map((name) =>
        readFileSync(join(folder, 'packs', name))
          .subarray(0, 54)
          .toString('latin1'),
      )
      .sort();
  expect(heads(today)).toEqual(heads(goldenPacks));
  for (const name of readdirSync(join(goldenPacks, 'states'))) {
    const head = (folder: string): Buffer => readFileSync(join(folder, 'states', name)).subarray(0, 12);
    expect(head(today)).toEqual(head(goldenPacks));
  }
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
