import type { GuestInputs } from './guest-inputs.js';
import type { ImportFunction, ImportTable } from './pyodide-internals.js';

/**
 * The engine's imports are the only way out of the guest. Once the base state is reached every one of them is
 * refused unless it stands in one of the three tables below. This is the first of the two walls around a guest.
 */

/** Emscripten's numbers, not Linux's. */
const ERRNO = { EBADF: 8, ENOSYS: 52, EPERM: 63 } as const;

/** Imports that keep Emscripten's own implementation, and why that is safe: none of them leaves this thread. */
export const ALLOWED_IMPORTS: Readonly<Record<string, string>> = {
  __syscall_chdir: 'file tree in memory',
  __syscall_chmod: 'file tree in memory',
  __syscall_dup: 'descriptors of the file tree in memory',
  __syscall_dup3: 'descriptors of the file tree in memory',
  __syscall_faccessat: 'file tree in memory',
  __syscall_fadvise64: 'does nothing',
  __syscall_fallocate: 'file tree in memory; bounded by the file limits',
  __syscall_fchdir: 'file tree in memory',
  __syscall_fchmod: 'file tree in memory',
  __syscall_fchmodat2: 'file tree in memory',
  __syscall_fchown32: 'owners are not kept; only times change',
  __syscall_fchownat: 'owners are not kept; only times change',
  __syscall_fcntl64: 'descriptors of the file tree in memory',
  __syscall_fdatasync: 'file tree in memory',
  __syscall_fstat64: 'file tree in memory',
  __syscall_fstatfs64: 'constant numbers and the next inode number',
  __syscall_ftruncate64: 'file tree in memory; bounded by the file limits',
  __syscall_getcwd: 'file tree in memory',
  __syscall_getdents64: 'file tree in memory',
  __syscall_getuid32_js: 'constant 0',
  __syscall_ioctl: 'only answers for terminals, of which there are none',
  __syscall_lstat64: 'file tree in memory',
  __syscall_mkdirat: 'file tree in memory; bounded by the file limits',
  __syscall_mknodat: 'file tree in memory; bounded by the file limits',
  __syscall_newfstatat: 'file tree in memory',
  __syscall_openat: 'file tree in memory; bounded by the file limits',
  __syscall_poll: 'descriptors of the file tree in memory; never waits',
  __syscall_readlinkat: 'file tree in memory',
  __syscall_renameat: 'file tree in memory',
  __syscall_rmdir: 'file tree in memory',
  __syscall_stat64: 'file tree in memory',
  __syscall_statfs64: 'constant numbers and the next inode number',
  __syscall_symlinkat: 'file tree in memory; bounded by the file limits',
  __syscall_truncate64: 'file tree in memory; bounded by the file limits',
  __syscall_unlinkat: 'file tree in memory',
  __syscall_utimensat: 'file tree in memory',
  __call_sighandler: 'calls a function of the guest',
  _PyEM_TrampolineCall_JS: 'calls a function of the guest',
  _emscripten_get_progname: 'constant text',
  _gmtime_js: 'arithmetic on its argument',
  _localtime_js: 'arithmetic on its argument; the time zone is pinned to UTC',
  _mktime_js: 'arithmetic on its argument; the time zone is pinned to UTC',
  _timegm_js: 'arithmetic on its argument',
  _tzset_js: 'the time zone is pinned to UTC',
  _mmap_js: 'copies a file of the tree in memory into guest memory',
  _msync_js: 'copies guest memory into a file of the tree in memory',
  _munmap_js: 'copies guest memory into a file of the tree in memory',
  clock_res_get: 'constant',
  emscripten_get_heap_max: 'constant',
  emscripten_runtime_keepalive_pop: 'a counter that only matters when a web page closes',
  emscripten_runtime_keepalive_push: 'a counter that only matters when a web page closes',
  environ_get: 'the environment given at boot; later changes live in guest memory',
  environ_sizes_get: 'the environment given at boot',
  fd_close: 'descriptors of the file tree in memory',
  fd_fdstat_get: 'descriptors of the file tree in memory',
  fd_pread: 'file tree in memory',
  fd_pwrite: 'file tree in memory; bounded by the file limits',
  fd_read: 'file tree in memory, and our own devices',
  fd_seek: 'file tree in memory',
  fd_sync: 'file tree in memory',
  fd_write: 'file tree in memory, and our own devices; bounded by the file limits',
};

/** Imports answered with a constant, so that the guest sees the error which CPython knows how to report. */
export const CONSTANT_IMPORTS: Readonly<Record<string, number | null>> = {
  can_run_sync_js: 0,
  _emscripten_system: -ERRNO.ENOSYS,
  _dlopen_js: 0,
  _dlsym_js: 0,
  _setitimer_js: 0,
  getaddrinfo: -2,
  getnameinfo: -2,
  getprotobyname: 0,
  _maybe_connect_async: null,
  _maybe_poll_async: null,
  _maybe_recvfrom_async: null,
  _maybe_sendto_async: null,
  _try_fcntl64: 0,
  _try_shutdown: 0,
  __syscall_accept4: -ERRNO.EBADF,
  __syscall_bind: -ERRNO.EBADF,
  __syscall_connect: -ERRNO.EBADF,
  __syscall_getpeername: -ERRNO.EBADF,
  __syscall_getsockname: -ERRNO.EBADF,
  __syscall_getsockopt: -ERRNO.EBADF,
  __syscall_listen: -ERRNO.EBADF,
  __syscall_recvfrom: -ERRNO.EBADF,
  __syscall_recvmsg: -ERRNO.EBADF,
  __syscall_sendmsg: -ERRNO.EBADF,
  __syscall_sendto: -ERRNO.EBADF,
  __syscall_socket: -ERRNO.EPERM,
};

/** Finds a function that a library brought into the table. One that is not there would grow it, which ends the run. */
const SYMBOL_IMPORT = '_dlsym_js';

/** What the imports that we implement ourselves need from the engine. */
export interface OwnImports {
  readonly inputs: GuestInputs;
  readonly memory: () => WebAssembly.Memory;
  /** Grows the guest's heap to at least `bytes` if its limit allows. */
  readonly resizeHeap: (bytes: number, grow: (bytes: number) => boolean) => boolean;
  readonly umask: (mask: number) => number;
  readonly pipe: (descriptorsOut: number) => number;
  readonly onSignal: () => void;
}

export class ImportLock {
  locked = false;
  /** Libraries were loaded before the lock: their symbols may be looked up after it. No further library can be loaded. */
  hasLibraries = false;
  /** Names of the imports that were refused, for error messages and the audit. */
  readonly refused = new Set<string>();
  readonly #allowed: Readonly<Record<string, string>>;
  readonly #constants: ReadonlyMap<string, number | null>;

  /** Other tables than the audited ones are for tests. */
  constructor(
    tables: {
      readonly allowed?: Readonly<Record<string, string>>;
      readonly constants?: typeof CONSTANT_IMPORTS;
    } = {},
  ) {
    this.#allowed = tables.allowed ?? ALLOWED_IMPORTS;
    this.#constants = new Map(Object.entries(tables.constants ?? CONSTANT_IMPORTS));
  }

  /** Wraps every function of `imports` in place; to be called before the engine is instantiated. */
  wrap(imports: ImportTable, own: OwnImports): void {
    replaceOwn(imports, own);
    const ours = new Set<string>(Object.keys(OWN_IMPORTS));
    for (const [name, value] of Object.entries(imports)) {
      if (typeof value !== 'function') continue;
      imports[name] = this.#guard(name, value as ImportFunction, ours.has(name));
    }
  }

  #guard(name: string, original: ImportFunction, ours: boolean): ImportFunction {
    if (ours || Object.hasOwn(this.#allowed, name)) return original;
    const constant = this.#constants.get(name);
    const guarded: ImportFunction = (...parts) => {
      if (!this.locked || (this.hasLibraries && name === SYMBOL_IMPORT)) return original(...parts);
      if (constant !== undefined) return constant;
      this.refused.add(name);
      throw new RefusedImport(name);
    };
    if (original.sig !== undefined) guarded.sig = original.sig;
    return guarded;
  }
}

/** The guest reached for the host. The execution ends; the worker is replaced. */
export class RefusedImport extends Error {
  override readonly name = 'RefusedImport';
  constructor(importName: string) {
    super(`the guest called ${importName}, which worlds may not use`);
  }
}

/** Imports that we implement ourselves, and what they do instead. */
export const OWN_IMPORTS = {
  random_get: "bytes of the world's own seeded stream",
  clock_time_get: "the world's clock",
  emscripten_date_now: "the world's clock",
  emscripten_get_now: "the world's clock",
  emscripten_resize_heap: "grows the guest's memory up to its limit",
  __syscall_umask_js: 'a number of the world',
  __syscall_pipe: 'a pipe in the file tree in memory',
  _Py_CheckEmscriptenSignals_Helper: 'reads the interrupt flag',
} as const;

type OwnImport = keyof typeof OWN_IMPORTS;
const OWN_NAMES = Object.keys(OWN_IMPORTS) as readonly OwnImport[];

function replaceOwn(imports: ImportTable, own: OwnImports): void {
  const { inputs } = own;
  const grow = imports['emscripten_resize_heap'] as (bytes: number) => boolean;
  const readSignal = imports['_Py_CheckEmscriptenSignals_Helper'] as () => number;
  const view = () => new DataView(own.memory().buffer);
  const replacements: Record<OwnImport, (...parts: number[]) => unknown> = {
    random_get: (pointer = 0, length = 0) => {
      inputs.fill(new Uint8Array(own.memory().buffer, pointer >>> 0, length >>> 0));
      return 0;
    },
    clock_time_get: (_clock = 0, _precision = 0, pointer = 0) => {
      view().setBigInt64(pointer >>> 0, inputs.readClock(), true);
      return 0;
    },
    emscripten_date_now: () => Number(inputs.readClock() / 1_000n) / 1_000,
    emscripten_get_now: () => Number(inputs.readClock()) / 1e6,
    emscripten_resize_heap: (bytes = 0) => own.resizeHeap(bytes >>> 0, grow),
    __syscall_umask_js: (mask = 0) => own.umask(mask),
    __syscall_pipe: (pointer = 0) => own.pipe(pointer >>> 0),
    _Py_CheckEmscriptenSignals_Helper: () => {
      const signal = readSignal();
      if (signal !== 0) own.onSignal();
      return signal;
    },
  };
  for (const name of OWN_NAMES) {
    const original = imports[name] as ImportFunction | undefined;
    const replacement: ImportFunction = replacements[name] as ImportFunction;
    if (original?.sig !== undefined) replacement.sig = original.sig;
    imports[name] = replacement;
  }
}
