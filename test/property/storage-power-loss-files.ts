import { dirname } from 'node:path';
import type { FileAccess, FileOps, OpenFile } from '../../src/storage/file-ops.js';

interface Inode {
  /** What programs see. */
  bytes: Buffer;
  /** What the platter has. */
  synced: Buffer;
}

/** Which promises of the file system are kept; turning one off plants a fault. */
export interface Promises {
  readonly fileSync: boolean;
  readonly directorySync: boolean;
}

/**
 * A file system in memory that can lose power: what was not synced may be there, may be missing, may be torn.
 * After `crashAfter` calls every call fails, as if the process were gone.
 */
export class PowerLossFiles implements FileOps {
  crashAfter = Number.POSITIVE_INFINITY;
  #calls = 0;
  readonly #promises: Promises;
  readonly #random: () => number;
  #names = new Map<string, Inode>();
  #syncedNames = new Map<string, Inode>();

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number, promises: Promises = { fileSync: true, directorySync: true }) {
    this.#random = random;
    this.#promises = promises;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Power goes and comes back. Of what was not synced, some survives. */
  losePower(): void {
    const names = new Map(this.#syncedNames);
    for (const [path, inode] of this.#names) {
      if (this.#syncedNames.get(path) !== inode && this.#random() < 0.5) names.set(path, inode);
    }
    for (const path of this.#syncedNames.keys()) {
      if (!this.#names.has(path) && this.#random() < 0.5) names.delete(path);
    }
    for (const inode of new Set(names.values())) {
      inode.bytes = this.#survivor(inode);
      inode.synced = inode.bytes;
    }
    this.#names = names;
    this.#syncedNames = new Map(names);
    this.#calls = 0;
    this.crashAfter = Number.POSITIVE_INFINITY;
  }

  /** The synced content, or the new one as far as it got to the platter: blocks in any order, some of them not. */
  #survivor({ bytes, synced }: Inode): Buffer {
    if (bytes.equals(synced) || this.#random() < 0.3) return Buffer.from(synced);
    const size = synced.length + Math.floor(this.#random() * (bytes.length - synced.length + 1));
    const survivor = Buffer.alloc(Math.max(size, 0));
    for (let at = 0; at < survivor.length; at += 64) {
      const end = Math.min(at + 64, survivor.length);
      const before = synced.subarray(at, end);
      const after = bytes.subarray(at, end);
      (after.equals(before) || this.#random() < 0.7 ? after : before).copy(survivor, at);
    }
    return survivor;
  }

  async open(path: string, access: FileAccess): Promise<OpenFile> {
    this.#call();
    const found = this.#names.get(path);
    if (!found && access !== 'create') throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    const inode = found ?? { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
    if (access === 'create') {
      inode.bytes = Buffer.alloc(0);
      this.#names.set(path, inode);
    }
    const sync = async (): Promise<void> => {
      this.#call();
      if (this.#promises.fileSync) inode.synced = Buffer.from(inode.bytes);
    };
    return {
      read: async (into, offset) => inode.bytes.copy(into, 0, offset),
      write: async (bytes, offset) => {
        this.#call();
        const grown = Buffer.alloc(Math.max(inode.bytes.length, offset + bytes.length));
        inode.bytes.copy(grown);
        grown.set(bytes, offset);
        inode.bytes = grown;
        if (access === 'log') await sync();
        return bytes.length;
      },
      sync,
      truncate: async (size) => {
        this.#call();
        inode.bytes = Buffer.from(inode.bytes.subarray(0, size));
      },
      sizeBytes: async () => inode.bytes.length,
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#call();
    const inode = this.#names.get(from);
    if (!inode) throw Object.assign(new Error(`ENOENT: ${from}`), { code: 'ENOENT' });
    this.#names.delete(from);
    this.#names.set(to, inode);
  }

  async remove(path: string): Promise<void> {
    this.#call();
    this.#names.delete(path);
  }

  async list(directory: string): Promise<string[]> {
    const names = [...this.#names.keys()].filter((path) => dirname(path) === directory);
    return names.map((path) => path.slice(directory.length + 1)).sort((a, b) => (a < b ? -1 : 1));
  }

  async makeDirectory(): Promise<void> {}

  async exists(path: string): Promise<boolean> {
    return this.#names.has(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#call();
    if (!this.#promises.directorySync) return;
    for (const name of this.#syncedNames.keys()) if (dirname(name) === path) this.#syncedNames.delete(name);
    for (const [name, inode] of this.#names) if (dirname(name) === path) this.#syncedNames.set(name, inode);
  }

  #call(): void {
    this.#calls += 1;
    if (this.#calls > this.crashAfter)
      throw Object.assign(new Error('EIO: the power is gone'), { code: 'EIO' });
  }
}
