import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { WorldError } from '../../model/world-error.js';
import type {
  Checkpoint,
  CheckpointPlace,
  CheckpointStore,
  WrittenCheckpoint,
} from '../../ports/checkpoint-store.js';
import { removeLeftovers, TEMPORARY_ENDING } from '../atomic-write.js';
import {
  type FileOps,
  nodeFileOps,
  type OpenFile,
  readSmallFile,
  storageFailed,
  writeFully,
} from '../file-ops.js';
import {
  CHECKPOINT_BYTES_MAX,
  CHECKPOINT_HEADER_BYTES,
  decodeCheckpoint,
  encodeCheckpointHeader,
  linesOf,
} from './checkpoint-format.js';

const NAME = /^(\d{16})\.wrc$/;
/** Text is made and written in pieces of about this size; between two pieces other work goes on. */
const PIECE_CHARACTERS = 256 * 1024;

export interface CheckpointFilesOptions {
  readonly fileOps?: FileOps;
  /** Longest file, bytes. Default 1 GiB. */
  readonly bytesMax?: number;
  /** Receives what was found damaged, once each. */
  readonly note?: (text: string) => void;
}

export interface CheckpointFiles extends CheckpointStore {
  /** Place of the newest intact checkpoint; null when there is none. Its bytes are kept until `newest` was asked for it. */
  readonly newestPlace: CheckpointPlace | null;
}

/**
 * Opens the checkpoints of `directory`, which must exist, and reads the newest intact one. Damaged files are told of and left
 * alone until others take their place.
 *
 * @throws STORAGE_FAILED
 */
export async function openCheckpointFiles(
  directory: string,
  options: CheckpointFilesOptions = {},
): Promise<CheckpointFiles> {
  const files = new AtomicCheckpointFiles(directory, options);
  await files.load();
  return files;
}

interface Loaded {
  readonly place: CheckpointPlace;
  readonly body: Buffer;
}

class AtomicCheckpointFiles implements CheckpointFiles {
  readonly #directory: string;
  readonly #fileOps: FileOps;
  readonly #bytesMax: number;
  readonly #note: (text: string) => void;
  /** Not yet looked at, the newest first. */
  #names: string[] = [];
  #loaded: Loaded | null = null;
  newestPlace: CheckpointPlace | null = null;

  constructor(directory: string, options: CheckpointFilesOptions) {
    this.#directory = directory;
    this.#fileOps = options.fileOps ?? nodeFileOps;
    this.#bytesMax = options.bytesMax ?? CHECKPOINT_BYTES_MAX;
    this.#note = options.note ?? (() => {});
  }

  async load(): Promise<void> {
    try {
      await removeLeftovers(this.#fileOps, this.#directory);
      // Segments may be archived because of one that is found here, so its name must survive power loss.
      await this.#fileOps.syncDirectory(this.#directory);
      this.#names = (await this.#list()).toReversed();
    } catch (thrown) {
      throw storageFailed(thrown, `Cannot open the checkpoints ${this.#directory}`);
    }
    this.#loaded = await this.#next();
    this.newestPlace = this.#loaded?.place ?? null;
  }

  async *newest(): AsyncGenerator<Checkpoint> {
    for (;;) {
      const found = this.#loaded ?? (await this.#next());
      this.#loaded = null;
      if (found === null) return;
      yield { ...found.place, lines: linesOf(found.body) };
    }
  }

  async write(place: CheckpointPlace, lines: Iterable<string>): Promise<WrittenCheckpoint> {
    const path = this.#path(place.seq);
    const temporary = `${path}${TEMPORARY_ENDING}`;
    try {
      const bytes = await this.#writeFile(temporary, place, lines);
      await this.#fileOps.rename(temporary, path);
      await this.#fileOps.syncDirectory(this.#directory);
      await this.#removeOthers(place.seq);
      return { bytes };
    } catch (thrown) {
      // What failed is the write; that the leftover could not be removed adds nothing.
      await this.#fileOps.remove(temporary).catch(() => {});
      throw storageFailed(thrown, `Cannot write the checkpoint ${path}`);
    }
  }

  async #writeFile(path: string, place: CheckpointPlace, lines: Iterable<string>): Promise<number> {
    const file = await this.#fileOps.open(path, 'create');
    try {
      const hash = createHash('sha256');
      let offset = CHECKPOINT_HEADER_BYTES;
      for (const text of pieces(lines)) {
        const bytes = Buffer.from(text);
        this.#requireRoom(path, offset + bytes.length);
        hash.update(bytes);
        await writeFully(file, bytes, offset);
        offset += bytes.length;
      }
      // Last, so that a file without a whole body is none.
      await writeHeader(file, encodeCheckpointHeader(place, offset - CHECKPOINT_HEADER_BYTES, hash));
      return offset;
    } finally {
      await file.close();
    }
  }

  #requireRoom(path: string, bytes: number): void {
    if (bytes <= this.#bytesMax) return;
    throw new WorldError(
      'STORAGE_FAILED',
      `The checkpoint ${path} would have more than ${this.#bytesMax} bytes. Opening reads the whole journal instead; it works, and takes longer.`,
      { details: { path, bytesMax: this.#bytesMax } },
    );
  }

  /** Keeps this one and the one before it. Those that claim to be later are of a journal that is no more. */
  async #removeOthers(seq: number): Promise<void> {
    const names = await this.#list();
    const before = names.findLast((name) => seqOf(name) < seq);
    for (const name of names) {
      if (seqOf(name) !== seq && name !== before) await this.#fileOps.remove(join(this.#directory, name));
    }
  }

  /** The next intact one of those not looked at. */
  async #next(): Promise<Loaded | null> {
    for (let name = this.#names.shift(); name !== undefined; name = this.#names.shift()) {
      const path = join(this.#directory, name);
      const found = await this.#read(path);
      if (!('damage' in found) && found.place.seq === seqOf(name)) return found;
      this.#note(
        `the checkpoint ${path} was passed over: ${'damage' in found ? found.damage : 'its name is another'}`,
      );
    }
    return null;
  }

  async #read(path: string): Promise<ReturnType<typeof decodeCheckpoint>> {
    try {
      const bytes = await readSmallFile(this.#fileOps, path, this.#bytesMax);
      return decodeCheckpoint(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } catch (thrown) {
      return { damage: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  /** Names of checkpoints, the oldest first. */
  async #list(): Promise<string[]> {
    return (await this.#fileOps.list(this.#directory)).filter((name) => NAME.test(name));
  }

  #path(seq: number): string {
    return join(this.#directory, `${String(seq).padStart(16, '0')}.wrc`);
  }
}

function seqOf(name: string): number {
  return Number(NAME.exec(name)?.[1] ?? 0);
}

async function writeHeader(file: OpenFile, header: Buffer): Promise<void> {
  await writeFully(file, header, 0);
  await file.sync();
}

/** Lines together, in pieces worth a write. */
function* pieces(lines: Iterable<string>): Generator<string> {
  let piece = '';
  for (const line of lines) {
    piece += `${line}\n`;
    if (piece.length < PIECE_CHARACTERS) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
