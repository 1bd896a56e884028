import { WorldError } from '../../../model/world-error.js';

/**
 * What a native library may be. A state holds linear memory and nothing else, and the first wall around a guest is
 * that its code cannot reach JavaScript; a library that breaks either is refused before it is loaded.
 */

const SECTION = { custom: 0, import: 2, table: 4, memory: 5, global: 6, export: 7 } as const;
const MAGIC = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** @throws WHEEL_UNSUPPORTED naming the library and the reason */
export function requireLinkable(path: string, binary: Uint8Array): void {
  const refuse = (why: string): never => {
    const text = `The native library ${path} cannot be part of a world: ${why}.`;
    throw new WorldError('WHEEL_UNSUPPORTED', text, { details: { library: path } });
  };
  if (!MAGIC.every((byte, i) => binary[i] === byte)) refuse('it is not a WebAssembly library');
  const reader = new Reader(binary, MAGIC.length);
  try {
    let first = true;
    while (!reader.atEnd) {
      const id = reader.byte();
      const size = reader.unsigned();
      const section = reader.part(size);
      if (first && (id !== SECTION.custom || section.text() !== 'dylink.0')) {
        refuse('it is not a dynamic library (it has no dylink.0 section)');
      }
      first = false;
      inspect(id, section, refuse);
    }
  } catch (error) {
    if (error instanceof RangeError) refuse('it is damaged');
    throw error;
  }
}

function inspect(id: number, section: Reader, refuse: (why: string) => never): void {
  switch (id) {
    case SECTION.memory:
      if (section.unsigned() > 0) refuse('it has a memory of its own, which states would not hold');
      return;
    case SECTION.table:
      if (section.unsigned() > 0) refuse('it has a table of its own, which states would not hold');
      return;
    case SECTION.global:
      if (hasVariable(section)) refuse('it has a variable outside memory, which states would not hold');
      return;
    case SECTION.export:
      for (let left = section.unsigned(); left > 0; left--) {
        const name = section.text();
        section.byte();
        section.unsigned();
        if (/^__em_js__|^__start_em_(asm|js)$/.test(name)) refuse(`it brings JavaScript along (${name})`);
      }
      return;
    default:
  }
}

/** Only constant globals are expected: their initial values are one instruction and `end`. */
function hasVariable(section: Reader): boolean {
  for (let left = section.unsigned(); left > 0; left--) {
    section.byte();
    if (section.byte() !== 0) return true;
    skipConstant(section);
  }
  return false;
}

function skipConstant(section: Reader): void {
  for (let instruction = section.byte(); instruction !== 0x0b; instruction = section.byte()) {
    // i32.const, i64.const, global.get, ref.null and ref.func have one LEB128; floats have their bytes.
    if (instruction === 0x43) section.part(4);
    else if (instruction === 0x44) section.part(8);
    else if ([0x41, 0x42, 0x23, 0xd0, 0xd2].includes(instruction)) section.leb();
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new RangeError('the end');
    return byte;
  }

  leb(): void {
    while ((this.byte() & 0x80) !== 0);
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw new RangeError('a number');
  }

  part(length: number): Reader {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('the end');
    const part = new Reader(this.#bytes.subarray(this.#at, end));
    this.#at = end;
    return part;
  }

  text(): string {
    const length = this.unsigned();
    const start = this.#at;
    this.part(length);
    return Buffer.from(this.#bytes.subarray(start, this.#at)).toString('utf8');
  }
}
