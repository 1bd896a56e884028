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
  | { readonly kind: 'torn'; readonly bytes: number; readonly code: string };

/** The real file system with faults where `fault` asks for them; it counts calls. */
export class FaultyFiles implements FileOps {
  readonly calls: FileCall[] = [];
  fault: (call: FileCall) => FileFault | null = () => null;

  async open(path: string, access: FileAccess): Promise<OpenFile> {
    this.#meet({ call: 'open', path });
    const file = await nodeFileOps.open(path, access);
    return {
      read: async (into, offset) => {
        this.#meet({ call: 'read', path });
        return file.read(into, offset);
      },
      write: async (bytes, offset) => {
        const written = await this.#write(file, path, bytes, offset);
        // A write to a log is one that is synced: the sync can fail after the bytes have arrived.
        if (access === 'log') this.#meet({ call: 'sync', path });
        return written;
      },
      sync: async () => {
        this.#meet({ call: 'sync', path });
        await file.sync();
      },
      truncate: async (size) => {
        this.#meet({ call: 'truncate', path });
        await file.truncate(size);
      },
      sizeBytes: () => file.sizeBytes(),
      close: () => file.close(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#meet({ call: 'rename', path: to });
    await nodeFileOps.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.#meet({ call: 'remove', path });
    await nodeFileOps.remove(path);
  }

  async list(directory: string): Promise<string[]> {
    this.#meet({ call: 'list', path: directory });
    return nodeFileOps.list(directory);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#meet({ call: 'makeDirectory', path });
    await nodeFileOps.makeDirectory(path);
  }

  exists(path: string): Promise<boolean> {
    return nodeFileOps.exists(path);
  }

  async syncDirectory(path: string): Promise<void> {
    this.#meet({ call: 'syncDirectory', path });
    await nodeFileOps.syncDirectory(path);
  }

  count(call: FileCall['call']): number {
    return this.calls.filter((each) => each.call === call).length;
  }

  async #write(file: OpenFile, path: string, bytes: Uint8Array, offset: number): Promise<number> {
    const call: FileCall = { call: 'write', path };
    this.calls.push(call);
    const fault = this.fault(call);
    if (!fault) return file.write(bytes, offset);
    if (fault.kind === 'error') throw errno(fault.code);
    const written = await file.write(bytes.subarray(0, fault.bytes), offset);
    if (fault.kind === 'torn') throw errno(fault.code);
    return written;
  }

  #meet(call: FileCall): void {
    this.calls.push(call);
    const fault = this.fault(call);
    if (fault) throw errno(fault.kind === 'short' ? 'EIO' : fault.code);
  }
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}
