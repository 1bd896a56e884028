/**
 * The part of Pyodide's and Emscripten's insides that the executor relies on. They are not typed upstream and may
 * change with any version, which is why the version is pinned and `patch-wasm.ts` refuses another binary.
 */

export interface FsNode {
  id: number;
  name: string;
  mode: number;
  rdev: number;
  atime: number | Date;
  mtime: number | Date;
  ctime: number | Date;
  parent: FsNode;
  mount: FsMount;
  mounted: FsMount | null;
  node_ops: FsNodeOps;
  stream_ops: FsStreamOps;
  /** Children of a directory, bytes of a regular file. */
  contents?: Record<string, FsNode> | Uint8Array;
  usedBytes?: number;
  link?: string;
}

export interface FsMount {
  root: FsNode;
}

export interface FsAttributes {
  mode?: number;
  atime?: number;
  mtime?: number;
  ctime?: number;
  size?: number;
}

export interface FsNodeOps {
  getattr?(node: FsNode): object;
  setattr?(node: FsNode, attributes: FsAttributes): void;
  mknod?(parent: FsNode, name: string, mode: number, dev: number): FsNode;
  rename?(node: FsNode, newParent: FsNode, newName: string): void;
  unlink?(parent: FsNode, name: string): void;
  rmdir?(parent: FsNode, name: string): void;
  symlink?(parent: FsNode, name: string, target: string): FsNode;
  readlink?(node: FsNode): string;
}

export interface FsStream {
  fd: number | null;
  node: FsNode;
  path: string;
  flags: number;
  position: number;
  seekable: boolean;
  shared: object;
  stream_ops: FsStreamOps;
  getdents?: string[] | null;
}

export interface FsStreamOps {
  open?(stream: FsStream): void;
  close?(stream: FsStream): void;
  dup?(stream: FsStream): void;
  read?(stream: FsStream, buffer: Uint8Array, offset: number, length: number, position: number): number;
  write?(
    stream: FsStream,
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    canOwn?: boolean,
  ): number;
  llseek?(stream: FsStream, offset: number, whence: number): number;
  mmap?(...parts: unknown[]): unknown;
  msync?(...parts: unknown[]): unknown;
  fsync?(stream: FsStream): number;
  poll?(stream: FsStream, timeout: number): number;
}

export interface FsOps {
  node: FsNodeOps;
  stream: FsStreamOps;
}

export interface Memfs {
  readonly stream_ops: {
    write: (
      stream: FsStream,
      buffer: Uint8Array,
      offset: number,
      length: number,
      position: number,
      canOwn?: boolean,
    ) => number;
  };
  ops_table: { dir: FsOps; file: FsOps; link: FsOps; chrdev: FsOps };
  createNode(parent: FsNode, name: string, mode: number, dev: number): FsNode;
}

/** What a look-up does at the last name of the path. */
export interface LookupHow {
  /** Answer the directory that holds it. */
  parent?: boolean;
  /** Follow it if it is a link. */
  follow?: boolean;
  /** Enter what is mounted there; yes unless it says no. */
  follow_mount?: boolean;
  /** It need not exist. */
  noent_okay?: boolean;
}

export interface LookupFound {
  path: string;
  /** Missing where it need not exist, and does not. */
  node?: FsNode;
}

export interface Fs {
  root: FsNode;
  nameTable: (FsNode | undefined)[];
  streams: (FsStream | null | undefined)[];
  nextInode: number;
  readonly MAX_OPEN_FDS: number;
  currentPath: string;
  readonly ErrnoError: new (errno: number) => Error & { readonly errno: number };
  readonly FSNode: new (parent: FsNode | null, name: string, mode: number, rdev: number) => FsNode;
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
  isLink(mode: number): boolean;
  isChrdev(mode: number): boolean;
  hashAddNode(node: FsNode): void;
  /** Without a number it takes the lowest that is free. */
  createStream(stream: Partial<FsStream>, fd?: number): FsStream;
  close(stream: FsStream): void;
  closeStream(fd: number): void;
  open(path: string, flags: number, mode?: number): FsStream;
  unlink(path: string): void;
  mkdirTree(path: string): void;
  writeFile(path: string, data: Uint8Array): void;
  makedev(major: number, minor: number): number;
  registerDevice(device: number, ops: FsStreamOps): void;
  mkdev(path: string, mode: number, device: number): FsNode;
  lookupPath(path: string, how?: LookupHow): LookupFound;
  lookupNode(directory: FsNode, name: string): FsNode;
  isRoot(node: FsNode): boolean;
}

export interface PyodideModule {
  readonly FS: Fs;
  readonly MEMFS: Memfs;
  Py_EmscriptenSignalBuffer?: Int32Array;
}

export interface Pyodide {
  readonly _module: PyodideModule;
  runPython(code: string): unknown;
  setInterruptBuffer(buffer: Int32Array): void;
  makeMemorySnapshot(): Uint8Array;
}

/** The raw functions of the engine. Pointers and lengths are byte numbers in `memory`. */
export interface EngineExports {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global<'i32'>;
  readonly __indirect_function_table: WebAssembly.Table;
  readonly world_immortal_references: WebAssembly.Table;
  readonly world_mortal_references: WebAssembly.Table;
  readonly world_visible_memory_bytes: WebAssembly.Global<'i32'>;
  emscripten_stack_get_end(): number;
  emscripten_stack_get_base(): number;
  sbrk(increment: number): number;
  malloc(size: number): number;
  dlopen(path: number, flags: number): number;
  dlsym(library: number, name: number): number;
  /** Address of the last error of the two above, or 0. */
  dlerror(): number;
  free(pointer: number): void;
  PyUnicode_FromStringAndSize(pointer: number, length: number): number;
  PyUnicode_AsUTF8AndSize(object: number, lengthOut: number): number;
  PyObject_CallOneArg(callable: number, argument: number): number;
  PyErr_Clear(): void;
  PyErr_Occurred(): number;
  Py_IncRef(object: number): void;
  Py_DecRef(object: number): void;
  Py_GetConstantBorrowed(id: number): number;
}

export type ImportFunction = ((...parts: never[]) => unknown) & { sig?: string };
export type ImportTable = Record<string, unknown>;

export interface ModuleSettings {
  instantiateWasm: (
    imports: { env: ImportTable; wasi_snapshot_preview1: ImportTable },
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ) => unknown;
}

export type ModuleFactory = (settings: ModuleSettings) => Promise<PyodideModule>;

export interface LoadOptions {
  readonly indexURL: string;
  readonly lockFileContents: unknown;
  readonly env: Readonly<Record<string, string>>;
  readonly jsglobals: object;
  readonly createPyodideModule: ModuleFactory;
  readonly stdin: () => null;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly _makeSnapshot?: boolean;
  readonly _loadSnapshot?: Uint8Array;
}

export type LoadPyodide = (options: LoadOptions) => Promise<Pyodide>;
