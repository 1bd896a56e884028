import { join } from 'node:path';
import { PAGE_BYTES, type PageHash } from '../../ports/page-store.js';
import { TEMPORARY_ENDING } from '../atomic-write.js';
import { type FileOps, type OpenFile, writeFully } from '../file-ops.js';
import {
  encodeFooter,
  encodePackHeader,
  PACK_ENDING,
  PACK_PAGES_MAX,
  type PackedPage,
} from './pack-format.js';
import { encodeEntry } from './page-codec.js';

const CHUNK_BYTES = 1024 * 1024;

/** A finished pack, in place but its directory not yet synced. */
export interface WrittenPack {
  /** File name. */
  readonly name: string;
  readonly key: string;
  readonly pages: readonly PackedPage[];
}

/** One pack being written; nothing is visible under its name before `finish`. */
class PackDraft {
  readonly pages: PackedPage[] = [];
  readonly #fileOps: FileOps;
  readonly #directory: string;
  readonly #temporary: string;
  readonly #key: string;
  readonly #file: OpenFile;
  #chunk: Buffer[] = [];
  #chunkBytes = 0;
  #written = 0;

  private constructor(parts: {
    fileOps: FileOps;
    directory: string;
    key: string;
    temporary: string;
    file: OpenFile;
  }) {
    this.#fileOps = parts.fileOps;
    this.#directory = parts.directory;
    this.#key = parts.key;
    this.#temporary = parts.temporary;
    this.#file = parts.file;
    this.#push(encodePackHeader(parts.key));
  }

  static async open(fileOps: FileOps, directory: string, key: string): Promise<PackDraft> {
    const temporary = join(directory, `writing${PACK_ENDING}${TEMPORARY_ENDING}`);
    const file = await fileOps.open(temporary, 'create');
    return new PackDraft({ fileOps, directory, key, temporary, file });
  }

  async add(hash: PageHash, bytes: Uint8Array): Promise<void> {
    const entry = encodeEntry(hash, bytes);
    this.pages.push({ hash, offset: this.#written + this.#chunkBytes, entryBytes: entry.length });
    this.#push(entry);
    if (this.#chunkBytes >= CHUNK_BYTES) await this.#flush();
  }

  async finish(): Promise<WrittenPack> {
    const footer = encodeFooter(this.pages, this.#written + this.#chunkBytes);
    this.#push(footer.bytes);
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    const name = `${footer.hash}${PACK_ENDING}`;
    await this.#fileOps.rename(this.#temporary, join(this.#directory, name));
    return { name, key: this.#key, pages: this.pages };
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    await this.#fileOps.remove(this.#temporary).catch(() => {});
  }

  #push(bytes: Buffer): void {
    this.#chunk.push(bytes);
    this.#chunkBytes += bytes.length;
  }

  async #flush(): Promise<void> {
    const bytes = this.#chunk.length === 1 && this.#chunk[0] ? this.#chunk[0] : Buffer.concat(this.#chunk);
    this.#chunk = [];
    this.#chunkBytes = 0;
    await writeFully(this.#file, bytes, this.#written);
    this.#written += bytes.length;
  }
}

/**
 * Writes pages into as few packs as their size allows, none when no page comes. At most one writer works in
 * a directory at a time.
 */
export class PackWriter {
  readonly #fileOps: FileOps;
  readonly #directory: string;
  readonly #done: WrittenPack[] = [];
  #draft: PackDraft | null = null;

  constructor(fileOps: FileOps, directory: string) {
    this.#fileOps = fileOps;
    this.#directory = directory;
  }

  /** `bytes` is PAGE_BYTES long and has this hash; `key` is noted in the pack's header. */
  async add(key: string, hash: PageHash, bytes: Uint8Array): Promise<void> {
    if (bytes.length !== PAGE_BYTES)
      throw new RangeError(`a page has ${PAGE_BYTES} bytes, not ${bytes.length}`);
    this.#draft ??= await PackDraft.open(this.#fileOps, this.#directory, key);
    await this.#draft.add(hash, bytes);
    if (this.#draft.pages.length >= PACK_PAGES_MAX) await this.#finishDraft();
  }

  /** The packs written; their names survive power loss. */
  async finish(): Promise<readonly WrittenPack[]> {
    await this.#finishDraft();
    if (this.#done.length > 0) await this.#fileOps.syncDirectory(this.#directory);
    return this.#done;
  }

  async abandon(): Promise<void> {
    await this.#draft?.abandon();
    this.#draft = null;
  }

  async #finishDraft(): Promise<void> {
    const pack = await this.#draft?.finish();
    this.#draft = null;
    if (pack) this.#done.push(pack);
  }
}
