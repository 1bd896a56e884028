import { join, resolve } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import type { ArchivedJournal, ArchiveOptions } from '../../ports/journal.js';
import { removeLeftovers, TEMPORARY_ENDING } from '../atomic-write.js';
import { type FileOps, type OpenFile, readFully, storageFailed, writeFully } from '../file-ops.js';
import { type ArchivedSegment, writeArchiveIndex } from './archive-index.js';
import { journalCorrupt } from './journal-corrupt.js';
import { GENESIS_HASH, HEADER_BYTES, SEGMENT_HEADER_BYTES } from './journal-format.js';
import type { Segment } from './open-segments.js';
import { type ChainPoint, scanSegment } from './scan-journal.js';
import { segmentName, segmentPath } from './segment-names.js';

/** Where archived segments go when nothing else is said, in the journal's directory. */
const DEFAULT_DIRECTORY = 'archive';
const COPY_BYTES = 4 * 1024 * 1024;

/** A segment to be archived: complete, because another one follows it. */
interface ClosedSegment {
  readonly segment: Segment;
  readonly last: { readonly seq: number; readonly hash: Buffer };
}

/**
 * The part of the journal that was moved away. The order of a move is: copy, verify the copy, make it durable, list
 * it, remove the original. Whatever is cut off, each segment is whole in at least one of the two places, and the list never
 * names one that is not.
 */
export class ArchivedSegments {
  readonly #fileOps: FileOps;
  readonly #directory: string;
  #list: readonly ArchivedSegment[];

  constructor(fileOps: FileOps, directory: string, list: readonly ArchivedSegment[]) {
    this.#fileOps = fileOps;
    this.#directory = directory;
    this.#list = list;
  }

  get list(): readonly ArchivedSegment[] {
    return this.#list;
  }

  get lastSeq(): number {
    return this.#list.at(-1)?.lastSeq ?? 0;
  }

  /** Where a segment is: in the journal's directory, where a move was cut off or somebody put it back, or in the archive. */
  async pathOf(archived: ArchivedSegment): Promise<string | null> {
    for (const directory of [this.#directory, resolve(this.#directory, archived.directory)]) {
      const path = segmentPath(directory, archived.number);
      if (await this.#fileOps.exists(path)) return path;
    }
    return null;
  }

  /** @throws JOURNAL_INCOMPLETE when a file that holds records from `seq` on is not there. */
  async requireFrom(seq: number): Promise<void> {
    const missing: ArchivedSegment[] = [];
    for (const one of this.#list) {
      if (one.lastSeq >= seq && (await this.pathOf(one)) === null) missing.push(one);
    }
    const [first] = missing;
    const last = missing.at(-1);
    if (!first || !last) return;
    const files = missing.map(({ number }) => segmentName(number));
    const directory = resolve(this.#directory, first.directory);
    throw new WorldError(
      'JOURNAL_INCOMPLETE',
      `Records ${first.firstSeq} to ${last.lastSeq} of the journal were archived in ${directory}, and ` +
        `${files.slice(0, 5).join(', ')}${files.length > 5 ? ` and ${files.length - 5} more` : ''} cannot be found there. ` +
        `Put them back there, or into ${this.#directory}, and try again.`,
      { details: { directory, files, firstSeq: first.firstSeq, lastSeq: last.lastSeq } },
    );
  }

  /**
   * Moves closed segments into the directory asked for; `moved` is told of each one as soon as it is listed. Originals that an earlier,
   * cut off move left are removed.
   */
  async move(
    closed: readonly ClosedSegment[],
    { directory: into, signal }: ArchiveOptions,
    moved: (segment: Segment) => void,
  ): Promise<ArchivedJournal> {
    const recorded = into === undefined ? DEFAULT_DIRECTORY : resolve(into);
    const target = resolve(this.#directory, recorded);
    if (target === resolve(this.#directory)) {
      throw new WorldError('BAD_INPUT', `${target} is the journal itself. Name another directory.`);
    }
    const files: string[] = [];
    let bytes = 0;
    try {
      await this.#removeOriginals(this.#list);
      if (closed.length > 0) {
        await this.#fileOps.makeDirectory(target);
        await removeLeftovers(this.#fileOps, target);
      }
      for (const one of closed) {
        if (signal?.aborted) break;
        const archived = await this.#archive(one, target, recorded);
        moved(one.segment);
        await this.#removeOriginals([archived]);
        files.push(segmentName(archived.number));
        bytes += archived.bytes;
      }
    } catch (thrown) {
      throw storageFailed(thrown, `Cannot archive the journal to ${target}`);
    }
    return { moved: files, bytes, directory: target, lastArchivedSeq: this.lastSeq };
  }

  async #archive(
    { segment, last }: ClosedSegment,
    target: string,
    recorded: string,
  ): Promise<ArchivedSegment> {
    const to = segmentPath(target, segment.number);
    const isThere = await this.#fileOps.exists(to);
    if (!isThere) await this.#copy(segment.path, `${to}${TEMPORARY_ENDING}`);
    await this.#verify(isThere ? to : `${to}${TEMPORARY_ENDING}`, { segment, last });
    if (!isThere) await this.#fileOps.rename(`${to}${TEMPORARY_ENDING}`, to);
    await this.#fileOps.syncDirectory(target);
    const archived: ArchivedSegment = {
      number: segment.number,
      firstSeq: segment.firstSeq,
      prevHash: segment.start.hash.toString('hex'),
      lastSeq: last.seq,
      lastHash: last.hash.toString('hex'),
      bytes: segment.end,
      directory: recorded,
    };
    await writeArchiveIndex(this.#fileOps, this.#directory, [...this.#list, archived]);
    this.#list = [...this.#list, archived];
    return archived;
  }

  async #copy(from: string, to: string): Promise<void> {
    const source = await this.#fileOps.open(from, 'read');
    let copy: OpenFile | null = null;
    try {
      copy = await this.#fileOps.open(to, 'create');
      const buffer = Buffer.allocUnsafe(COPY_BYTES);
      for (let offset = 0; ; ) {
        const got = await readFully(source, buffer, offset);
        if (got === 0) break;
        await writeFully(copy, buffer.subarray(0, got), offset);
        offset += got;
      }
      await copy.sync();
    } catch (thrown) {
      // What failed is the copy; that what there is of it could not be removed adds nothing.
      await this.#fileOps.remove(to).catch(() => {});
      throw thrown;
    } finally {
      await source.close();
      await copy?.close();
    }
  }

  /** @throws JOURNAL_CORRUPT when the file is not the whole segment. */
  async #verify(path: string, { segment, last }: ClosedSegment): Promise<void> {
    const file = await this.#fileOps.open(path, 'read');
    try {
      const scan = await scanSegment(file, { path, start: segment.start, isLast: false });
      if (scan.last.seq === last.seq && scan.last.hash.equals(last.hash)) return;
      const at = { path, offset: scan.last.end, seq: scan.last.seq + 1 };
      throw journalCorrupt(at, `it is not the segment that ends with record ${last.seq}`);
    } finally {
      await file.close();
    }
  }

  /** Removes from the journal's directory what is listed, and really is where the list says. */
  async #removeOriginals(listed: readonly ArchivedSegment[]): Promise<void> {
    let removed = 0;
    for (const { number, directory } of listed) {
      const path = segmentPath(this.#directory, number);
      const kept = join(resolve(this.#directory, directory), segmentName(number));
      if (!(await this.#fileOps.exists(path)) || !(await this.#fileOps.exists(kept))) continue;
      await this.#fileOps.remove(path);
      removed += 1;
    }
    if (removed > 0) await this.#fileOps.syncDirectory(this.#directory);
  }
}

/** Where the first record of an archived segment stands. */
export function startOf({ number, firstSeq, prevHash }: ArchivedSegment): ChainPoint {
  const hash = firstSeq === 1 ? GENESIS_HASH : Buffer.from(prevHash, 'hex');
  return { seq: firstSeq - 1, hash, end: number === 1 ? HEADER_BYTES : SEGMENT_HEADER_BYTES };
}
