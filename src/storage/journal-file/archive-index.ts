import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import { atomicWrite } from '../atomic-write.js';
import { type FileOps, readSmallFile } from '../file-ops.js';
import { journalCorrupt } from './journal-corrupt.js';

/** Name of the list of archived segments, in the journal's directory. */
export const ARCHIVE_INDEX_NAME = 'archived.wra';
const MAGIC = Buffer.from('WRARCH\r\n', 'latin1');
const VERSION = 1;
/** Magic, version u32, CRC-32 of the body u32; integers are little-endian, the body is JSON. */
const HEADER_BYTES = 16;
/** Room for tens of thousands of segments. */
const BYTES_MAX = 16 * 1024 * 1024;

const Hash = z.string().regex(/^[0-9a-f]{64}$/);

/** A segment that was moved out of the journal, and its place in the chain. */
export const ArchivedSegment = z.strictObject({
  number: z.int().min(1),
  firstSeq: z.int().min(1),
  prevHash: Hash,
  lastSeq: z.int().min(1),
  lastHash: Hash,
  bytes: z.int().min(0),
  /** Where it was put: absolute, or relative to the journal's directory. */
  directory: z.string(),
});
export type ArchivedSegment = z.infer<typeof ArchivedSegment>;

const ArchiveIndex = z.strictObject({ segments: z.array(ArchivedSegment) });

/**
 * The segments that were archived, oldest first; none when there is no list.
 *
 * @throws JOURNAL_CORRUPT, DATA_DIR_VERSION, STORAGE_FAILED
 */
export async function readArchiveIndex(fileOps: FileOps, directory: string): Promise<ArchivedSegment[]> {
  const path = join(directory, ARCHIVE_INDEX_NAME);
  if (!(await fileOps.exists(path))) return [];
  const bytes = Buffer.from(await readSmallFile(fileOps, path, BYTES_MAX));
  const damaged = (reason: string): WorldError => journalCorrupt({ path, offset: 0, seq: 0 }, reason);
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) {
    throw damaged('it is no list of archived segments');
  }
  const version = bytes.readUInt32LE(8);
  const body = bytes.subarray(HEADER_BYTES);
  if (crc32(body, crc32(bytes.subarray(0, 12))) !== bytes.readUInt32LE(12)) {
    throw damaged('its checksum does not match');
  }
  if (version !== VERSION) {
    throw new WorldError(
      'DATA_DIR_VERSION',
      `The list of archived segments ${path} has version ${version}; this program reads version ${VERSION}. Use the program that wrote it.`,
      { details: { path, found: version, supported: VERSION } },
    );
  }
  const parsed = ArchiveIndex.safeParse(JSON.parse(body.toString('utf8')));
  if (!parsed.success) throw damaged(z.prettifyError(parsed.error));
  return parsed.data.segments;
}

/** Replaces the list, atomically and durably. @throws STORAGE_FAILED */
export async function writeArchiveIndex(
  fileOps: FileOps,
  directory: string,
  segments: readonly ArchivedSegment[],
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ segments }));
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeUInt32LE(crc32(body, crc32(header.subarray(0, 12))), 12);
  await atomicWrite(fileOps, join(directory, ARCHIVE_INDEX_NAME), Buffer.concat([header, body]));
}
