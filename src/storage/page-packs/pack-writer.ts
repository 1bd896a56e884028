import { dirname, join } from 'node:path';
import type { PageHash } from '../../ports/page-store.js';
import { TEMPORARY_ENDING } from '../atomic-write.js';
import { type FileOps, type OpenFile, writeFully } from '../file-ops.js';
import {
  encodeFooter,
  encodePackHeader,
  PACK_ENDING,
  PACK_PAGES_MAX,
  type PackedPage,
} from './pack-format.js';
import type { EncodedEntry } from './page-codec.js';

const CHUNK_BYTES = 1024 * 1024;

/** A finished pack, in place but its directory not yet synced. */
export interface WrittenPack {
  /** File name. */
  readonly name: string;
  readonly key: string;
  readonly packBytes: number;
  readonly pages: readonly PackedPage[];
}

/** One pack being written; nothing is visible under its name before `finish`. */
class PackDraft {
  readonly pages: PackedPage[] = [];
  readonly #fileOps: FileOps;
  readonly #temporary: string;
  readonly #key: string;
  readonly #file: OpenFile;
  #chunk: Buffer[] = [];
  #chunkBytes = 0;
  #written = 0;

  private constructor(parts: {
    fileOps: FileOps;
    key: string;
    temporary: string;
    file: OpenFile;
  }) {
    this.#fileOps = parts.fileOps;
    this.#key = parts.key;
    this.#temporary = parts.temporary;
    this.#file = parts.file;
    this.#push(encodePackHeader(parts.key));
  }

  static async open(fileOps: FileOps, path: string, key: string): Promise<PackDraft> {
    const temporary = `${path}${PACK_ENDING}${TEMPORARY_ENDING}`;
    const file = await fileOps.open(temporary, 'create');
    return new PackDraft({ fileOps, key, temporary, file });
  }

  async add(hash: PageHash, { bytes, depth, base }: EncodedEntry): Promise<void> {
    const offset = this.#written + this.#chunkBytes;
    this.pages.push({ hash, offset, entryBytes: bytes.length, depth, base });
    this.#push(bytes);
    if (this.#chunkBytes >= CHUNK_BYTES) await this.#flush();
  }

  async finish(): Promise<WrittenPack> {
    const footer = encodeFooter(this.pages, this.#written + this.#chunkBytes);
    this.#push(footer.bytes);
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    const name = await this.#freeName(footer.hash);
    await this.#fileOps.rename(this.#temporary, join(dirname(this.#temporary), name));
    return { name, key: this.#key, packBytes: this.#written, pages: this.pages };
  }

  /** Named for its content. The same pages written again, after damage or by a collection, are another pack. */
  async #freeName(hash: string): Promise<string> {
    const directory = dirname(this.#temporary);
    for (let copy = 1; ; copy += 1) {
      const name = `${hash}${copy === 1 ? '' : `-${copy}`}${PACK_ENDING}`;
      if (!(await this.#fileOps.exists(join(directory, name)))) return name;
    }
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
 * Writes pages into as few packs as their size allows, none when no page comes. At most one writer of a name
 * works in a directory at a time.
 */
export class PackWriter {
  readonly #fileOps: FileOps;
  readonly #directory: string;
  readonly #done: WrittenPack[] = [];
  readonly #name: string;
  #draft: PackDraft | null = null;

  /** `name` is that of the unfinished file. */
  constructor(fileOps: FileOps, directory: string, name = 'writing') {
    this.#fileOps = fileOps;
    this.#directory = directory;
    this.#name = name;
  }

  /** `entry` holds the page of this hash; `key` is noted in the pack's header. */
  async add(key: string, hash: PageHash, entry: EncodedEntry): Promise<void> {
    this.#draft ??= await PackDraft.open(this.#fileOps, join(this.#directory, this.#name), key);
    await this.#draft.add(hash, entry);
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
