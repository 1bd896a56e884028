import { isDeepStrictEqual } from 'node:util';
import type { Engine } from './engine.js';
import { ImageFault } from './image-bundle.js';
import type { EngineExports } from './pyodide-internals.js';
import { withCString } from './python-calls.js';

/**
 * Native libraries. What loading one leaves behind in JavaScript (an instance, functions in the table) is no part of
 * a state, so every executor loads the same libraries in the same order, from the same state of the guest, before
 * the base state is put in place: only then do the addresses in that state mean the same functions.
 */
export interface LinkedLibraries {
  readonly paths: readonly string[];
  /** Where loading them has put things: equal in all executors, or they must not share states. */
  readonly traces: readonly number[];
}

const RTLD_NOW = 2;

/** Loads the libraries into a guest that has just started. @throws ImageFault naming the one that does not load. */
export function linkLibraries(engine: Engine, paths: readonly string[]): LinkedLibraries {
  const { exports } = engine;
  const traces: number[] = [];
  for (const path of paths) {
    const library = withCString(exports, path, (pointer) => exports.dlopen(pointer, RTLD_NOW));
    if (library === 0) throw new ImageFault(`the library ${path} does not load: ${lastError(exports)}`);
    // Gives the module's entry its place in the table now, since the table may not grow later.
    const entry = withCString(exports, entryOf(path), (name) => exports.dlsym(library, name));
    traces.push(library, entry);
  }
  if (paths.length > 0) {
    traces.push(exports.__indirect_function_table.length, exports.sbrk(0));
    engine.lock.hasLibraries = true;
  }
  return { paths, traces };
}

/** The same in another executor. @throws Error when things went elsewhere: its states would be garbage. */
export function linkAgain(engine: Engine, libraries: LinkedLibraries): void {
  const again = linkLibraries(engine, libraries.paths);
  if (isDeepStrictEqual(again.traces, libraries.traces)) return;
  throw new Error(
    `native libraries went to ${again.traces.join(' ')} instead of ${libraries.traces.join(' ')}: this executor cannot share states`,
  );
}

/** `/x/probe.cpython-314-wasm32-emscripten.so` is the module `probe`. */
function entryOf(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return `PyInit_${file.split('.', 1)[0] ?? ''}`;
}

function lastError(exports: EngineExports): string {
  const at = exports.dlerror();
  if (at === 0) return 'no reason was given';
  const bytes = Buffer.from(exports.memory.buffer, at, Math.min(1024, exports.memory.buffer.byteLength - at));
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}
