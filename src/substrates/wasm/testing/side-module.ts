/**
 * A CPython extension module for the engine, put together byte by byte: a WebAssembly library as `wasm-ld -shared`
 * makes them (a `dylink.0` section, relocated at load), with the functions
 *
 *     triple(n) -> 3 * n
 *     count(n)  -> the sum of all n so far, kept in the library's own memory
 */

const I32 = 0x7f;
const FUNCTION = 0;
/** Layout of the library's memory, bytes from its start. */
const AT = { definition: 0, name: 64, methods: 96, triple: 144, count: 152, sum: 160, end: 176 } as const;
/** Of PyModuleDef and PyMethodDef on wasm32. */
const FIELD = { name: 20, methods: 32, method: 16, flags: 8 } as const;
const METH_O = 8;
const PYTHON_API_VERSION = 1013;

export interface SideModuleOptions {
  readonly name?: string;
  /** Adds an export that would bring JavaScript along. */
  readonly javascript?: boolean;
  /** Adds a variable outside memory, which no state would hold. */
  readonly hiddenState?: boolean;
}

const bytesOf = (text: string): number[] => [...Buffer.from(text, 'utf8')];

function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return out;
}

function signed(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    out.push(done ? low : low | 0x80);
    if (done) return out;
  }
}

const text = (value: string): number[] => [...unsigned(bytesOf(value).length), ...bytesOf(value)];
const vector = (items: readonly number[][]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, body: readonly number[]): number[] => [id, ...unsigned(body.length), ...body];
const body = (code: readonly number[]): number[] => {
  const whole = [0, ...code, 0x0b];
  return [...unsigned(whole.length), ...whole];
};

const local = (index: number): number[] => [0x20, index];
const constant = (value: number): number[] => [0x41, ...signed(value)];
const global = (index: number): number[] => [0x23, index];
const call = (index: number): number[] => [0x10, index];
const ADD = 0x6a;
const MULTIPLY = 0x6c;
const load = (offset: number): number[] => [0x28, 2, ...unsigned(offset)];
const store = (offset: number): number[] => [0x36, 2, ...unsigned(offset)];

// Indexes: imported functions first.
const CREATE = 0;
const FROM_LONG = 1;
const AS_LONG = 2;
const MEMORY_BASE = 0;
const TABLE_BASE = 1;

/** The library as a file. */
export function sideModule(options: SideModuleOptions = {}): Uint8Array {
  const { name = 'probe', javascript = false, hiddenState = false } = options;
  const at = (offset: number): number[] => [...global(MEMORY_BASE), ...constant(offset), ADD];
  const pointer = (where: number, to: readonly number[]): number[] => [
    ...global(MEMORY_BASE),
    ...to,
    ...store(where),
  ];
  const inTable = (index: number): number[] => [...global(TABLE_BASE), ...constant(index), ADD];
  const second = AT.methods + FIELD.method;
  const relocate = [
    ...pointer(AT.definition + FIELD.name, at(AT.name)),
    ...pointer(AT.definition + FIELD.methods, at(AT.methods)),
    ...pointer(AT.methods, at(AT.triple)),
    ...pointer(AT.methods + 4, inTable(0)),
    ...pointer(second, at(AT.count)),
    ...pointer(second + 4, inTable(1)),
  ];
  const start = [...at(AT.definition), ...constant(PYTHON_API_VERSION), ...call(CREATE)];
  const triple = [...local(1), ...call(AS_LONG), ...constant(3), MULTIPLY, ...call(FROM_LONG)];
  const count = [
    ...global(MEMORY_BASE),
    ...global(MEMORY_BASE),
    ...load(AT.sum),
    ...local(1),
    ...call(AS_LONG),
    ADD,
    ...store(AT.sum),
    ...global(MEMORY_BASE),
    ...load(AT.sum),
    ...call(FROM_LONG),
  ];
  const importFunction = (symbol: string, type: number): number[] => [
    ...text('env'),
    ...text(symbol),
    FUNCTION,
    type,
  ];
  const importGlobal = (symbol: string): number[] => [...text('env'), ...text(symbol), 3, I32, 0];
  const memoryInfo = [...unsigned(AT.end), 4, 2, 0];
  const exported = (symbol: string, index: number): number[] => [...text(symbol), FUNCTION, index];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(0, [...text('dylink.0'), 1, ...unsigned(memoryInfo.length), ...memoryInfo]),
    ...section(
      1,
      vector([
        [0x60, 2, I32, I32, 1, I32],
        [0x60, 1, I32, 1, I32],
        [0x60, 0, 1, I32],
        [0x60, 0, 0],
      ]),
    ),
    ...section(
      2,
      vector([
        importFunction('PyModule_Create2', 0),
        importFunction('PyLong_FromLong', 1),
        importFunction('PyLong_AsLong', 1),
        importGlobal('__memory_base'),
        importGlobal('__table_base'),
        [...text('env'), ...text('memory'), 2, 0, 1],
        [...text('env'), ...text('__indirect_function_table'), 1, 0x70, 0, 1],
      ]),
    ),
    ...section(3, vector([[0], [0], [2], [3]])),
    ...(hiddenState ? section(6, vector([[I32, 1, ...constant(0), 0x0b]])) : []),
    ...section(
      7,
      vector([
        exported(`PyInit_${name}`, 5),
        exported('__wasm_apply_data_relocs', 6),
        ...(javascript ? [exported('__em_js__anything', 5)] : []),
      ]),
    ),
    ...section(9, vector([[0, ...global(TABLE_BASE), 0x0b, ...vector([[3], [4]])]])),
    ...section(10, vector([body(triple), body(count), body(start), body(relocate)])),
    ...section(
      11,
      vector([[0, ...global(MEMORY_BASE), 0x0b, ...vector(initial(name).map((byte) => [byte]))]]),
    ),
  ]);
}

/** What the memory holds before it is relocated. */
function initial(name: string): number[] {
  const memory = Buffer.alloc(AT.end);
  memory.writeUInt32LE(1, AT.definition);
  memory.writeInt32LE(-1, AT.definition + FIELD.name + 8);
  memory.write(name, AT.name);
  memory.write('triple', AT.triple);
  memory.write('count', AT.count);
  for (const method of [0, 1]) memory.writeUInt32LE(METH_O, AT.methods + method * FIELD.method + FIELD.flags);
  return [...memory];
}
