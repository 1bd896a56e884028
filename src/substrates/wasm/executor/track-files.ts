import { PAGE_BYTES } from '../../../ports/page-store.js';
import { requireName, requireRoomBelow, requireTarget } from './file-names.js';
import type { Fs, FsAttributes, FsNode, FsStream, PyodideModule } from './pyodide-internals.js';

const ERRNO_ENOSPC = 51;
const ERRNO_EMFILE = 33;
const ERRNO_EINVAL = 28;
/** The engine's way to ask for the lowest that is free. */
const ANY_DESCRIPTOR = -1;

export interface FileLimits {
  /** Bytes of all files beyond those of the base. */
  readonly bytes: number;
  /** Files, directories and links beyond those of the base. */
  readonly files: number;
  /** Descriptors open at a time. */
  readonly open: number;
}

/** A file's content as it was at the last load or commit, kept only where it has been overwritten since. */
export interface OldContent {
  readonly sizeBytes: number;
  /** Page number -> its old bytes, shorter than a page at the end of the file. */
  readonly pages: Map<number, Buffer>;
}

export interface Usage {
  readonly bytes: number;
  readonly files: number;
}

const UNLIMITED: FileLimits = {
  bytes: Number.POSITIVE_INFINITY,
  files: Number.POSITIVE_INFINITY,
  open: Number.POSITIVE_INFINITY,
};

/** Sees every change of the guest's file tree before it happens, and refuses those that exceed the limits. */
export class FileTracker {
  /** Something changed since `reset`. */
  changed = false;
  limits: FileLimits = UNLIMITED;
  readonly old = new Map<FsNode, OldContent>();
  /** For descriptors that belong to a state: they were bounded when they were made. */
  readonly openUnbounded: Fs['createStream'];
  readonly #module: PyodideModule;
  readonly #count: () => Usage;
  #usage: Usage = { bytes: 0, files: 0 };

  /** @param count counts exactly; called before anything is refused. */
  constructor(module: PyodideModule, count: () => Usage) {
    this.#module = module;
    this.#count = count;
    this.openUnbounded = module.FS.createStream.bind(module.FS);
    this.#wrapNodes();
    this.#wrapContents();
    this.#wrapDescriptors();
  }

  reset(usage: Usage): void {
    this.changed = false;
    this.old.clear();
    this.#usage = usage;
  }

  #wrapNodes(): void {
    const { MEMFS, FS } = this.#module;
    const create = MEMFS.createNode.bind(MEMFS);
    MEMFS.createNode = (parent, name, mode, dev) => {
      requireName(FS, parent, name);
      this.#reserve({ bytes: 0, files: 1 });
      this.changed = true;
      const node = create(parent, name, mode, dev);
      // Without a prototype, so that a file may be called __proto__ like any other.
      if (FS.isDir(mode)) node.contents = Object.create(null) as Record<string, FsNode>;
      return node;
    };
    const { dir, link, chrdev } = MEMFS.ops_table;
    const { rename, symlink, unlink, rmdir } = dir.node;
    dir.node.rename = (node, parent, name) => {
      requireName(FS, parent, name);
      requireRoomBelow(FS, node, { parent, name });
      this.changed = true;
      rename?.(node, parent, name);
    };
    dir.node.symlink = (parent, name, target) => {
      requireTarget(FS, target);
      if (symlink === undefined) throw new Error('the engine has no symbolic links');
      return symlink(parent, name, target);
    };
    dir.node.unlink = (...parts) => {
      this.changed = true;
      unlink?.(...parts);
    };
    dir.node.rmdir = (...parts) => {
      this.changed = true;
      rmdir?.(...parts);
    };
    for (const ops of [dir, link, chrdev]) {
      const { setattr } = ops.node;
      ops.node.setattr = (...parts) => {
        this.changed = true;
        setattr?.(...parts);
      };
    }
  }

  #wrapContents(): void {
    const { MEMFS } = this.#module;
    const { file } = MEMFS.ops_table;
    const { setattr } = file.node;
    file.node.setattr = (node: FsNode, attributes: FsAttributes) => {
      const { size } = attributes;
      if (size !== undefined) this.#resize(node, size);
      this.changed = true;
      setattr?.(node, attributes);
    };
    const { write } = MEMFS.stream_ops;
    const tracked: typeof write = (stream: FsStream, buffer, offset, length, position) => {
      if (length === 0) return 0;
      const { node } = stream;
      const used = node.usedBytes ?? 0;
      if (position + length > used) this.#reserve({ bytes: position + length - used, files: 0 });
      this.#keep(node, position, position + length);
      this.changed = true;
      return write(stream, buffer, offset, length, position, false);
    };
    // msync goes through the one, write(2) through the other.
    MEMFS.stream_ops.write = tracked;
    file.stream.write = tracked;
  }

  /** Some system calls name the new descriptor themselves, so the bound stands where all of them are made. */
  #wrapDescriptors(): void {
    const { FS } = this.#module;
    const create = FS.createStream.bind(FS);
    FS.createStream = (stream, fd = ANY_DESCRIPTOR) => {
      if (fd >= FS.MAX_OPEN_FDS) throw new FS.ErrnoError(ERRNO_EINVAL);
      if (fd === ANY_DESCRIPTOR || !FS.streams[fd]) this.requireDescriptors(1);
      return create(stream, fd);
    };
  }

  /** @throws ErrnoError: EMFILE when the guest may not have so many more descriptors. */
  requireDescriptors(more: number): void {
    const { FS } = this.#module;
    const open = FS.streams.reduce((count, stream) => (stream ? count + 1 : count), 0);
    if (open + more > this.limits.open) throw new FS.ErrnoError(ERRNO_EMFILE);
  }

  #resize(node: FsNode, size: number): void {
    const used = node.usedBytes ?? 0;
    if (size > used) this.#reserve({ bytes: size - used, files: 0 });
    else this.#usage = { bytes: this.#usage.bytes - (used - size), files: this.#usage.files };
    this.#keep(node, Math.min(size, used), used);
  }

  #reserve(more: Usage): void {
    const fits = () =>
      this.#usage.bytes + more.bytes <= this.limits.bytes &&
      this.#usage.files + more.files <= this.limits.files;
    if (!fits()) {
      // Deleting is not counted as it happens, since a deleted file may still be open.
      this.#usage = this.#count();
      if (!fits()) throw new this.#module.FS.ErrnoError(ERRNO_ENOSPC);
    }
    this.#usage = { bytes: this.#usage.bytes + more.bytes, files: this.#usage.files + more.files };
  }

  /** Keeps the pages that `[from, to)` touches, unless they were kept before. */
  #keep(node: FsNode, from: number, to: number): void {
    let old = this.old.get(node);
    if (old === undefined) {
      old = { sizeBytes: node.usedBytes ?? 0, pages: new Map() };
      this.old.set(node, old);
    }
    const last = Math.min(Math.ceil(to / PAGE_BYTES), Math.ceil(old.sizeBytes / PAGE_BYTES));
    for (let page = Math.floor(from / PAGE_BYTES); page < last; page++) {
      if (old.pages.has(page)) continue;
      const start = page * PAGE_BYTES;
      const end = Math.min(start + PAGE_BYTES, old.sizeBytes);
      old.pages.set(page, Buffer.from(contentBytes(node).subarray(start, end)));
    }
  }
}

/** The bytes of a regular file. The engine may hold them as signed bytes. */
export function contentBytes(node: FsNode): Buffer {
  const contents = node.contents;
  if (!ArrayBuffer.isView(contents)) return Buffer.alloc(0);
  return Buffer.from(contents.buffer, contents.byteOffset, node.usedBytes ?? 0);
}

/** A page of a file's content, with zeros behind its end. */
export function paddedPage(content: Buffer, page: number): Buffer {
  const start = page * PAGE_BYTES;
  const bytes = Buffer.alloc(PAGE_BYTES);
  bytes.set(content.subarray(start, start + PAGE_BYTES));
  return bytes;
}
