import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.js';
import type { JournalEntry } from '../../src/ports/journal-record.js';
import { PAGE_BYTES, type PageWrite } from '../../src/ports/page-store.js';
import type { Substrate } from '../../src/ports/substrate.js';
import { openCheckpointFiles } from '../../src/storage/checkpoint-files/checkpoint-files.js';
import { openJournalFile } from '../../src/storage/journal-file/journal-file.js';
import { openPagePacks, type PagePacks } from '../../src/storage/page-packs/page-packs.js';
import { FaultyFiles } from '../property/storage-faulty-files.js';
import { PowerLossFiles, type Promises } from '../property/storage-power-loss-files.js';
import type { TestJournal } from './memory-journal.js';

/** A disk in memory on which the real journal, checkpoints and page packs work. The index of pages, LMDB's, is on the real one. */
export interface FileDisk {
  readonly files: PowerLossFiles;
  index: string;
  /** Resolves when the stores of the process before have let go of the index. */
  released: Promise<void>;
}

/** Short segments, so that a short history has some. */
const SEGMENT_BYTES = 20_000;

export function newFileDisk(random: () => number, promises?: Promises): FileDisk {
  const index = mkdtempSync(join(tmpdir(), 'file-disk-'));
  return { files: new PowerLossFiles(random, promises), index, released: Promise.resolve() };
}

export async function removeFileDisk(disk: FileDisk): Promise<void> {
  await disk.released;
  rmSync(disk.index, { recursive: true, force: true });
}

interface FileStoresOptions {
  /** The journal's entries as text: what was ever durable has to stay. */
  readonly lines: string[];
  readonly onDurable: (entry: JournalEntry) => void;
  readonly fault?: FaultyFiles['fault'];
}

interface FileStores {
  readonly journal: TestJournal;
  readonly checkpoints: CheckpointStore;
  readonly pages: PagePacks;
  /** States by digest, as far as this process has written or read them. */
  readonly archive: Map<string, string>;
  wrap(substrate: Substrate): Substrate;
  close(): Promise<void>;
}

/** The real stores of one process. @throws AssertionError when an entry is missing that was durable */
export async function openFileStores(disk: FileDisk, options: FileStoresOptions): Promise<FileStores> {
  await disk.released;
  const fileOps = new FaultyFiles(disk.files);
  let dead = false;
  fileOps.fault = (call) => (dead ? { kind: 'error', code: 'EIO' } : (options.fault?.(call) ?? null));
  const { lines, onDurable } = options;
  const opened: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (const store of opened.splice(0)) await store[Symbol.asyncDispose]();
  };
  try {
    const checkpoints = await openCheckpointFiles('/checkpoints', { fileOps });
    const journal = await openJournalFile('/journal', {
      fileOps,
      segmentBytes: SEGMENT_BYTES,
      verifyFromSeq: checkpoints.newestPlace?.seq ?? 1,
      onDurable(entry) {
        // Also when the process died in that moment: it is on the disk.
        lines.push(JSON.stringify(entry));
        if (!dead) onDurable(entry);
      },
    });
    opened.unshift(journal);
    const pages = await openPagePacks({ packs: '/packs', states: '/states', index: disk.index, fileOps });
    opened.unshift(pages);
    const kept: JournalEntry[] = [];
    for await (const entry of journal.read()) kept.push(entry);
    for (const [index, line] of lines.entries()) {
      assert.equal(
        kept[index] && JSON.stringify(kept[index]),
        line,
        `entry ${index + 1} was durable and is there`,
      );
    }
    // What nobody was told of may be there all the same.
    for (const entry of kept.slice(lines.length)) lines.push(JSON.stringify(entry));
    const abandon = (): void => {
      dead = true;
      disk.released = close().catch(() => {});
    };
    const archive = new Map<string, string>();
    const wrap = (substrate: Substrate): Substrate => withPages(substrate, pages, archive);
    return {
      journal: dying(journal, { abandon, isDead: () => dead }),
      checkpoints,
      pages,
      archive,
      wrap,
      close,
    };
  } catch (thrown) {
    await close().catch(() => {});
    throw thrown;
  }
}

function dying(
  journal: Awaited<ReturnType<typeof openJournalFile>>,
  { abandon, isDead }: { abandon(): void; isDead(): boolean },
): TestJournal {
  return {
    get lastSeq() {
      return journal.lastSeq;
    },
    get lastHash() {
      return journal.lastHash;
    },
    get sizeBytes() {
      return journal.sizeBytes;
    },
    get dead() {
      return isDead();
    },
    abandon,
    append: (record) => journal.append(record),
    appendLazily: (record) => journal.appendLazily(record),
    settled: () => journal.settled(),
    read: (fromSeq) => journal.read(fromSeq),
    archiveBefore: (seq, options) => journal.archiveBefore(seq, options),
    [Symbol.asyncDispose]: async () => journal[Symbol.asyncDispose](),
  };
}

/** The simulated substrate keeps texts; here they are cut into pages and stored as the real one's are. */
function withPages(substrate: Substrate, pages: PagePacks, archive: Map<string, string>): Substrate {
  return {
    ...substrate,
    async persist(state, wait) {
      const durable = await substrate.persist(state, wait);
      const key = String(durable.data['digest']);
      const text = Buffer.from(archive.get(key) ?? '');
      const cut = cutIntoPages(text);
      const references = cut.map(({ hash }) => hash);
      const manifest = Buffer.from(JSON.stringify({ bytes: text.length, references }));
      const { missing } = await pages.write(key, { manifest, references, pages: cut });
      assert.deepEqual(missing, [], 'all pages were given');
      return durable;
    },
    async recall(durable, wait) {
      const key = String(durable.data['digest']);
      const stored = await pages.readManifest(key);
      const { bytes, references } = JSON.parse(Buffer.from(stored.manifest).toString()) as {
        bytes: number;
        references: string[];
      };
      const text = Buffer.concat(await pages.readPages(references)).subarray(0, bytes);
      archive.set(key, text.toString());
      return substrate.recall(durable, wait);
    },
  };
}

function cutIntoPages(text: Buffer): PageWrite[] {
  const pages: PageWrite[] = [];
  for (let at = 0; at < text.length; at += PAGE_BYTES) {
    const bytes = Buffer.alloc(PAGE_BYTES);
    text.copy(bytes, 0, at, at + PAGE_BYTES);
    pages.push({ bytes, hash: createHash('sha256').update(bytes).digest('hex') });
  }
  return pages;
}
