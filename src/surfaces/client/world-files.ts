import type {
  EditFilesInput,
  EditFilesView,
  FileEditInput,
  FileView,
  ListFilesInput,
  ListFilesView,
  ReadFileView,
  UploadFileInput,
  UploadFileView,
} from '../../model/file-api.js';
import type { CallOptions, Transport } from './transport.js';

const PART_BYTES = 4 * 1024 * 1024;

export interface ReadOptions extends CallOptions {
  /** Any state or snapshot; default: as the world is. */
  readonly state?: string;
}

/** The files of one world. Paths are absolute, or relative to the directory in which its code works. */
export class WorldFiles {
  readonly #transport: Transport;
  readonly #world: string;

  constructor(transport: Transport, world: string) {
    this.#transport = transport;
    this.#world = world;
  }

  /** What is in a directory, or one file. @throws FILE_NOT_FOUND */
  async list(
    path = '.',
    { signal, ...options }: Omit<ListFilesInput, 'world' | 'path' | 'after' | 'limit'> & CallOptions = {},
  ): Promise<FileView[]> {
    const found: FileView[] = [];
    for (let after: string | undefined; ; after = found.at(-1)?.path) {
      const input = { path, ...options, ...(after === undefined ? {} : { after }) };
      const view = await this.#call<ListFilesView>('list-files', input, signal ? { signal } : {});
      if (view.entry.kind !== 'directory') return [view.entry];
      found.push(...view.entries);
      if (!view.more) return found;
    }
  }

  /** A file's content, in parts: any length in little memory. @throws FILE_NOT_FOUND */
  async *stream(path: string, { state, signal }: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    let pinned = state;
    for (let offset = 0; ; ) {
      const input = { path, offset, ...(pinned === undefined ? {} : { state: pinned }) };
      const part = await this.#call<ReadFileView>('read-file', input, signal ? { signal } : {});
      // What is being read stays the same however the world goes on.
      pinned = part.state;
      const bytes = Buffer.from(part.content, 'base64');
      offset += bytes.length;
      if (bytes.length > 0) yield bytes;
      if (part.end) return;
    }
  }

  /** A file's whole content. @throws FILE_NOT_FOUND */
  async read(path: string, options: ReadOptions = {}): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(path, options)) parts.push(part);
    return Buffer.concat(parts);
  }

  /**
   * Makes a file's content this; directories on the way are made. However long, it is there at once or not at all.
   *
   * @throws FILE_CONFLICT, FILE_PROTECTED, FILE_LIMIT, HEAD_MOVED
   */
  async write(
    path: string,
    content: string | Uint8Array | AsyncIterable<Uint8Array>,
    options: CallOptions & { readonly mode?: number; readonly expectHead?: string } = {},
  ): Promise<EditFilesView> {
    const { mode, ...how } = options;
    const withMode = mode === undefined ? {} : { mode };
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
    if (bytes instanceof Uint8Array && bytes.length <= PART_BYTES) {
      const text = Buffer.from(bytes).toString('base64');
      return this.edit([{ kind: 'write', path, content: text, ...withMode }], how);
    }
    let upload: string | undefined;
    const whole = bytes instanceof Uint8Array ? [bytes] : bytes;
    for await (const piece of whole) {
      for (let at = 0; at < piece.length || upload === undefined; at += PART_BYTES) {
        const part = Buffer.from(piece.subarray(at, at + PART_BYTES)).toString('base64');
        upload = await this.#upload(upload, [{ kind: 'content', content: part, append: true }], how);
      }
    }
    upload ??= await this.#upload(undefined, [{ kind: 'content', content: '' }], how);
    return this.edit([{ kind: 'write', path, upload, ...withMode }], how);
  }

  /** @throws FILE_NOT_FOUND; FILE_CONFLICT for a directory with something in it, unless `recursive` */
  remove(path: string, options: CallOptions & { readonly recursive?: boolean } = {}): Promise<EditFilesView> {
    const { recursive = false, ...how } = options;
    return this.edit([{ kind: 'remove', path, recursive }], how);
  }

  /** Copies a file or directory, from another world if one is named. */
  copy(
    path: string,
    to: string,
    options: CallOptions & { readonly from?: { readonly world: string; readonly state?: string } } = {},
  ): Promise<EditFilesView> {
    const { from, ...how } = options;
    return this.edit([{ kind: 'copy', path, to, ...(from === undefined ? {} : { from }) }], how);
  }

  /** Many changes as one: all of them, in order, or none. */
  edit(
    edits: readonly FileEditInput[],
    options: CallOptions & { readonly expectHead?: string } = {},
  ): Promise<EditFilesView> {
    const { signal, expectHead } = options;
    const input: EditFilesInput = { edits: [...edits], ...(expectHead === undefined ? {} : { expectHead }) };
    return this.#call('edit-files', input, signal ? { signal } : {});
  }

  async #upload(
    upload: string | undefined,
    parts: UploadFileInput['parts'],
    { signal }: CallOptions,
  ): Promise<string> {
    const input: UploadFileInput = { parts, ...(upload === undefined ? {} : { upload }) };
    return (await this.#call<UploadFileView>('upload-file', input, signal ? { signal } : {})).upload;
  }

  #call<T>(action: string, input: object, options: CallOptions): Promise<T> {
    return this.#transport.call(action, { ...input, world: this.#world }, options) as Promise<T>;
  }
}
