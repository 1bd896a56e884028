import { type FileAccess, type FileOps, nodeFileOps, type OpenFile } from '../../src/storage/file-ops.js';

/** A call of the file system, as `fail` sees it. */
export interface FileCall {
  readonly call:
    | 'open'
    | 'read'
    | 'write'
    | 'sync'
    | 'truncate'
    | 'rename'
    | 'remove'
    | 'list'
    | 'makeDirectory'
    | 'syncDirectory';
  readonly path: string;
}

export type FileFault =
  | { readonly kind: 'error'; readonly code: string }
  /** Writes at most so many bytes and says so. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** Writes so many bytes and then fails. */
  | { readonly kind: 'torn'; readonly bytes: number; readonly code: string }
  /** Does what it is asked for and then says that it failed. */
  | { readonly kind: 'reply lost'; readonly code: string }
  /** Takes its time. */
  | { readonly kind: 'slow'; readonly wait: () => Promise<void> }
  /** Of a read: one bit of what was read is another one. */
  | { readonly kind: 'flip'; readonly bit: number };

/** A file system, by default the real one, with faults where `fault` asks for them; it counts calls. */
export class FaultyFiles implements FileOps {
  readonly calls: FileCall[] = [];
  fault: (call: FileCall) => FileFault | null = () => null;
  readonly #under: FileOps;

  constructor(under: FileOps = nodeFileOps) {
    this.#under = under;
  }

  async open(path: string, access: FileAccess): Promise<OpenFile> {
    const file = await this.#meet({ call: 'open', path }, () => this.#under.open(path, access));
    return {
      read: async (into, offset) => {
        const call: FileCall = { call: 'read', path };
        this.calls.push(call);
        const fault = this.fault(call);
        const got = await this.#with(fault?.kind === 'flip' ? null : fault, () => file.read(into, offset));
        if (fault?.kind === 'flip' && got > 0) flip(into, fault.bit % (got * 8));
        return got;
      },
      write: async (bytes, offset) => {
        const written = await this.#write(file, path, bytes, offset);
        // A write to a log is one that is synced: the sync can fail after the bytes have arrived.
        if (access === 'log') await this.#meet({ call: 'sync', path }, async () => {});
        return written;
      },
      sync: () => this.#meet({ call: 'sync', path }, () => file.sync()),
      truncate: (size) => this.#meet({ call: 'truncate', path }, () => file.truncate(size)),
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }

  rename(from: string, to: string): Promise<void> {
    return this.#meet({ call: 'rename', path: to }, () => this.#under.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#meet({ call: 'remove', path }, () => this.#under.remove(path));
  }

  list(directory: string): Promise<string[]> {
    return this.#meet({ call: 'list', path: directory }, () => this.#under.list(directory));
  }

  makeDirectory(path: string): Promise<void> {
    return this.#meet({ call: 'makeDirectory', path }, () => this.#under.makeDirectory(path));
  }

  exists(path: string): Promise<boolean> {
    return this.#under.exists(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#meet({ call: 'syncDirectory', path }, () => this.#under.syncDirectory(path));
  }

  count(call: FileCall['call']): number {
    return this.calls.filter((each) => each.call === call).length;
  }

  async #write(file: OpenFile, path: string, bytes: Uint8Array, offset: number): Promise<number> {
    const call: FileCall = { call: 'write', path };
    this.calls.push(call);
    const fault = this.fault(call);
    if (fault?.kind !== 'short' && fault?.kind !== 'torn')
      return this.#with(fault, () => file.write(bytes, offset));
    const written = await file.write(bytes.subarray(0, fault.bytes), offset);
    if (fault.kind === 'torn') throw errno(fault.code);
    return written;
  }

  async #meet<T>(call: FileCall, work: () => Promise<T>): Promise<T> {
    this.calls.push(call);
    return this.#with(this.fault(call), work);
  }

  async #with<T>(fault: FileFault | null, work: () => Promise<T>): Promise<T> {
    if (fault === null) return work();
    switch (fault.kind) {
      case 'slow':
        await fault.wait();
        return work();
      case 'reply lost':
        await work();
        throw errno(fault.code);
      case 'short':
      case 'flip':
        throw errno('EIO');
      default:
        throw errno(fault.code);
    }
  }
}

function flip(bytes: Uint8Array, bit: number): void {
  const at = Math.floor(bit / 8);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
