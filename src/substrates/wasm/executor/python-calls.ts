import type { EngineExports } from './pyodide-internals.js';

/** Addresses of the harness's functions, fixed by the base state. */
export interface HarnessAddresses {
  readonly none: number;
  readonly memoryError: number;
  readonly runStatements: number;
  readonly runSplit: number;
  readonly stageIdentity: number;
  readonly tidy: number;
  readonly settle: number;
  readonly fillPools: number;
}

/** Longer arguments do not go through the stack, bytes. */
const STACK_ARGUMENT_MAX = 256 * 1024;

/**
 * Calls a Python function of one string argument through the raw C API: the engine's own bridge would make
 * JavaScript references, which are not part of a state. Returns its string, or null for None.
 *
 * Throws `PythonCallFailed` when the function raised, which the harness's functions do only when the interpreter
 * itself is out of memory or was interrupted inside them.
 */
export function callWithText(
  exports: EngineExports,
  addresses: HarnessAddresses,
  callable: number,
  text: string,
): string | null {
  const argument = makeString(exports, text);
  const result = argument === 0 ? 0 : exports.PyObject_CallOneArg(callable, argument);
  if (argument !== 0) exports.Py_DecRef(argument);
  if (result === 0) {
    const outOfMemory = exports.PyErr_Occurred() === addresses.memoryError;
    exports.PyErr_Clear();
    throw new PythonCallFailed('a function of the harness raised', outOfMemory);
  }
  const value = result === addresses.none ? null : readString(exports, result);
  exports.Py_DecRef(result);
  return value;
}

export class PythonCallFailed extends Error {
  override readonly name = 'PythonCallFailed';
  /** The guest's memory is full, so full that not even its MemoryError could be told. */
  readonly outOfMemory: boolean;

  constructor(message: string, outOfMemory: boolean) {
    super(message);
    this.outOfMemory = outOfMemory;
  }
}

function makeString(exports: EngineExports, text: string): number {
  const bytes = Buffer.from(text);
  if (bytes.length <= STACK_ARGUMENT_MAX) {
    return onStack(exports, bytes.length, (pointer) => {
      copyIn(exports, bytes, pointer);
      return exports.PyUnicode_FromStringAndSize(pointer, bytes.length);
    });
  }
  const pointer = exports.malloc(bytes.length);
  if (pointer === 0) return 0;
  copyIn(exports, bytes, pointer);
  const made = exports.PyUnicode_FromStringAndSize(pointer, bytes.length);
  exports.free(pointer);
  return made;
}

function readString(exports: EngineExports, object: number): string {
  return onStack(exports, 8, (lengthAt) => {
    const pointer = exports.PyUnicode_AsUTF8AndSize(object, lengthAt);
    if (pointer === 0) {
      exports.PyErr_Clear();
      throw new PythonCallFailed('a function of the harness returned no text', false);
    }
    const length = new DataView(exports.memory.buffer).getUint32(lengthAt, true);
    return Buffer.from(exports.memory.buffer, pointer, length).toString('utf8');
  });
}

function copyIn(exports: EngineExports, bytes: Buffer, pointer: number): void {
  new Uint8Array(exports.memory.buffer, pointer, bytes.length).set(bytes);
}

/** Calls `use` with the address of `text` as C has strings. */
export function withCString<T>(exports: EngineExports, text: string, use: (pointer: number) => T): T {
  const bytes = Buffer.from(`${text}\0`);
  return onStack(exports, bytes.length, (pointer) => {
    copyIn(exports, bytes, pointer);
    return use(pointer);
  });
}

/** Lends `size` bytes of the C stack: nothing of them remains in the state. */
function onStack<T>(exports: EngineExports, size: number, use: (pointer: number) => T): T {
  const stack = exports.__stack_pointer;
  const before = stack.value;
  stack.value = (before - size) & ~15;
  try {
    return use(stack.value);
  } finally {
    stack.value = before;
  }
}
