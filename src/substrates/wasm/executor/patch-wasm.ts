import { createHash } from 'node:crypto';
import { WorldError } from '../../../model/world-error.js';
import { WASM_PAGE_BYTES } from './sizes.js';

/**
 * Rewrites the engine's binary so that the whole state of the guest can be reached and bounded from outside:
 *
 * - the two hidden tables of JavaScript references (tables 1 and 2) are exported, to prove that they never move;
 * - the memory gets a hard maximum;
 * - `emscripten_get_heap_size` answers from a new exported global instead of `memory.size`. A worker's memory
 *   never shrinks, so without this a world could see, and use, what an earlier world made it grow to. With it
 *   every growth of a world's heap asks the host, whatever the worker held before.
 *
 * Any other binary than the pinned one is refused: the rest of the executor relies on that version.
 */

/** SHA-256 of `pyodide.asm.wasm` of the version that package.json names. */
export const ENGINE_SHA256 = 'cc36e3cab04fdfc9a63ff13eb52eae2b911bf46c025cc7b281f394bd3de1d5e6';

export const EXPORT_NAMES = {
  immortalReferences: 'world_immortal_references',
  mortalReferences: 'world_mortal_references',
  visibleMemoryBytes: 'world_visible_memory_bytes',
} as const;

const SECTION = { import: 2, table: 4, memory: 5, global: 6, export: 7, code: 10 } as const;
const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
/** `memory.size; i32.const 16; i32.shl`, the only function of this shape in the engine. */
const HEAP_SIZE_BODY = [0x00, 0x3f, 0x00, 0x41, 0x10, 0x74, 0x0b] as const;
const TABLES = [3, 0x70, 0, 157, 68, 0x6f, 0, 0, 0x6f, 0, 0] as const;

interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

export interface PatchOptions {
  /** Hard limit of the linear memory, bytes; a multiple of 64 KiB. */
  readonly memoryMaxBytes: number;
}

/** @throws IMAGE_MISMATCH for a binary that is not the pinned one, byte for byte; BAD_INPUT for an unusable maximum */
export function patchWasm(binary: Uint8Array<ArrayBuffer>, options: PatchOptions): Uint8Array<ArrayBuffer> {
  const sha256 = createHash('sha256').update(binary).digest('hex');
  if (sha256 !== ENGINE_SHA256) throw unexpected(`its SHA-256 is ${sha256}`);
  return rewriteWasm(binary, options);
}

/** What `patchWasm` does once it knows the binary; it refuses whatever it does not expect, but does not see everything. */
export function rewriteWasm(binary: Uint8Array<ArrayBuffer>, options: PatchOptions): Uint8Array<ArrayBuffer> {
  const sections = readSections(binary);
  const imported = countImports(binary, section(sections, SECTION.import));
  const globals = readUnsigned(binary, section(sections, SECTION.global).start);
  const visibleIndex = imported.globals + globals.value;
  const heapSize = findExport(binary, section(sections, SECTION.export), 'emscripten_get_heap_size');

  const parts: Uint8Array[] = [binary.subarray(0, 8)];
  for (const s of sections) {
    parts.push(Uint8Array.of(s.id), ...sized(patchSection(binary, s, visibleIndex, options)));
  }
  const patched = Buffer.concat(parts);
  const out = new Uint8Array(patched.buffer, patched.byteOffset, patched.length);
  const code = section(readSections(out), SECTION.code);
  redirectHeapSize(out, code, heapSize - imported.functions, visibleIndex);
  return out;
}

function patchSection(
  binary: Uint8Array,
  s: Section,
  visibleIndex: number,
  options: PatchOptions,
): Uint8Array {
  const body = binary.subarray(s.start, s.end);
  if (s.id === SECTION.table) {
    expectBytes(body, TABLES, 'table section');
    return body;
  }
  if (s.id === SECTION.memory) return boundedMemory(body, options.memoryMaxBytes);
  if (s.id === SECTION.global) {
    const global = Uint8Array.of(0x7f, 1, 0x41, 0, 0x0b);
    return appendEntries(binary, s, [global]);
  }
  if (s.id === SECTION.export) {
    return appendEntries(binary, s, [
      exportEntry(EXPORT_NAMES.immortalReferences, KIND.table, 1),
      exportEntry(EXPORT_NAMES.mortalReferences, KIND.table, 2),
      exportEntry(EXPORT_NAMES.visibleMemoryBytes, KIND.global, visibleIndex),
    ]);
  }
  return body;
}

function readSections(binary: Uint8Array): Section[] {
  if (Buffer.from(binary.subarray(0, 8)).toString('hex') !== '0061736d01000000') {
    throw unexpected('the file is not a WebAssembly 1 module');
  }
  const sections: Section[] = [];
  for (let at = 8; at < binary.length; ) {
    const id = byteAt(binary, at);
    const size = readUnsigned(binary, at + 1);
    sections.push({ id, start: size.next, end: size.next + size.value });
    at = size.next + size.value;
  }
  return sections;
}

function section(sections: readonly Section[], id: number): Section {
  const found = sections.filter((s) => s.id === id);
  const only = found[0];
  if (only === undefined || found.length !== 1) throw unexpected(`${found.length} sections of kind ${id}`);
  return only;
}

function countImports(binary: Uint8Array, s: Section): { functions: number; globals: number } {
  const counts = { functions: 0, globals: 0 };
  const total = readUnsigned(binary, s.start);
  let at = total.next;
  for (let i = 0; i < total.value; i++) {
    for (let name = 0; name < 2; name++) {
      const length = readUnsigned(binary, at);
      at = length.next + length.value;
    }
    const kind = byteAt(binary, at++);
    if (kind === KIND.function) {
      counts.functions++;
      at = readUnsigned(binary, at).next;
    } else if (kind === KIND.global) {
      counts.globals++;
      at += 2;
    } else if (kind === KIND.tag) {
      at = readUnsigned(binary, at + 1).next;
    } else throw unexpected(`an import of kind ${kind}`);
  }
  if (at !== s.end) throw unexpected('trailing bytes in the import section');
  return counts;
}

function findExport(binary: Uint8Array, s: Section, wanted: string): number {
  const total = readUnsigned(binary, s.start);
  let at = total.next;
  for (let i = 0; i < total.value; i++) {
    const length = readUnsigned(binary, at);
    const name = Buffer.from(binary.subarray(length.next, length.next + length.value)).toString('utf8');
    const kindAt = length.next + length.value;
    const index = readUnsigned(binary, kindAt + 1);
    if (name === wanted && binary[kindAt] === KIND.function) return index.value;
    at = index.next;
  }
  throw unexpected(`no exported function ${wanted}`);
}

function boundedMemory(body: Uint8Array, memoryMaxBytes: number): Uint8Array {
  const minimum = readUnsigned(body, 2);
  if (body[0] !== 1 || body[1] !== 1) throw unexpected('memory section');
  const pages = memoryMaxBytes / WASM_PAGE_BYTES;
  if (!Number.isInteger(pages) || pages < minimum.value) {
    throw new WorldError(
      'BAD_INPUT',
      `memory maximum ${memoryMaxBytes} is not a usable number of 64 KiB pages`,
    );
  }
  return Uint8Array.from([1, 1, ...encodeUnsigned(minimum.value), ...encodeUnsigned(pages)]);
}

/** Same length as the body it replaces, so that no offset in the code section moves. */
function redirectHeapSize(binary: Uint8Array, code: Section, index: number, globalIndex: number): void {
  const total = readUnsigned(binary, code.start);
  let at = total.next;
  for (let i = 0; i < index; i++) {
    const size = readUnsigned(binary, at);
    at = size.next + size.value;
  }
  const size = readUnsigned(binary, at);
  const body = binary.subarray(size.next, size.next + size.value);
  expectBytes(body, HEAP_SIZE_BODY, 'emscripten_get_heap_size');
  const read = [0x23, ...encodeUnsigned(globalIndex), 0x0b];
  const nops = new Array<number>(HEAP_SIZE_BODY.length - 1 - read.length).fill(0x01);
  body.set([0x00, ...nops, ...read]);
}

function appendEntries(binary: Uint8Array, s: Section, entries: readonly Uint8Array[]): Uint8Array {
  const total = readUnsigned(binary, s.start);
  const count = Uint8Array.from(encodeUnsigned(total.value + entries.length));
  return Buffer.concat([count, binary.subarray(total.next, s.end), ...entries]);
}

function exportEntry(name: string, kind: number, index: number): Uint8Array {
  return Uint8Array.from([name.length, ...Buffer.from(name), kind, ...encodeUnsigned(index)]);
}

function sized(body: Uint8Array): Uint8Array[] {
  return [Uint8Array.from(encodeUnsigned(body.length)), body];
}

function encodeUnsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return out;
}

function readUnsigned(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  let shift = 0;
  let next = at;
  let byte = 0;
  do {
    byte = byteAt(bytes, next++);
    value |= (byte & 0x7f) << shift;
    shift += 7;
  } while (byte & 0x80);
  return { value: value >>> 0, next };
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw unexpected(`the binary ends at byte ${at}`);
  return byte;
}

function expectBytes(found: Uint8Array, wanted: readonly number[], what: string): void {
  if (!Buffer.from(found).equals(Buffer.from(wanted))) throw unexpected(what);
}

function unexpected(what: string): WorldError {
  return new WorldError(
    'IMAGE_MISMATCH',
    `The Python engine is not the pinned one (${what}). Reinstall the package so that pyodide has the exact version it names.`,
  );
}
