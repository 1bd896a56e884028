import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { engineFolder } from './engine-files.js';
import { GuestInputs } from './guest-inputs.js';
import {
  ALLOWED_IMPORTS,
  CONSTANT_IMPORTS,
  ImportLock,
  OWN_IMPORTS,
  RefusedImport,
} from './locked-imports.js';
import type { ImportFunction, ImportTable } from './pyodide-internals.js';

function wrapped(
  names: readonly string[],
  lock = new ImportLock(),
): { lock: ImportLock; imports: ImportTable } {
  const imports: ImportTable = {};
  for (const name of [...names, 'emscripten_resize_heap', '_Py_CheckEmscriptenSignals_Helper']) {
    imports[name] = () => `real ${name}`;
  }
  lock.wrap(imports, {
    inputs: new GuestInputs(),
    memory: () => {
      throw new Error('no memory');
    },
    resizeHeap: () => false,
    umask: () => 0,
    pipe: () => 0,
    onSignal: () => {},
  });
  return { lock, imports };
}

const call = (imports: ImportTable, name: string) => (imports[name] as ImportFunction)();

test('before the lock every import answers, after it only the audited ones', () => {
  const { lock, imports } = wrapped([
    'raw_call_js',
    'proc_exit',
    'made_up_tomorrow',
    'fd_write',
    '__syscall_socket',
  ]);
  for (const name of ['raw_call_js', 'proc_exit', 'made_up_tomorrow', 'fd_write', '__syscall_socket']) {
    expect(call(imports, name)).toBe(`real ${name}`);
  }
  lock.locked = true;
  for (const name of ['raw_call_js', 'proc_exit', 'made_up_tomorrow']) {
    expect(() => call(imports, name), name).toThrow(RefusedImport);
  }
  expect([...lock.refused]).toEqual(['raw_call_js', 'proc_exit', 'made_up_tomorrow']);
  expect(call(imports, 'fd_write')).toBe('real fd_write');
  expect(call(imports, '__syscall_socket'), 'an error number for CPython to report').toBe(-63);
});

test('every allowed import has a reason, and none of them makes or calls JavaScript objects', () => {
  for (const [name, reason] of Object.entries(ALLOWED_IMPORTS)) {
    expect(reason.length, name).toBeGreaterThan(5);
    expect(name).not.toMatch(/^(Js|js|hiwire|__hiwire|python2js|pyproxy|ffi_|raw_call|emscripten_asm)/);
  }
});

/** The table without one of its names. */
function without<T>(table: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(table).filter(([other]) => other !== name));
}

test.each(Object.keys(ALLOWED_IMPORTS))(
  '%s answers while it is on the list, and is refused when it is not',
  (name) => {
    const { lock, imports } = wrapped([name]);
    lock.locked = true;
    expect(call(imports, name)).toBe(`real ${name}`);
    const off = wrapped([name], new ImportLock({ allowed: without(ALLOWED_IMPORTS, name) }));
    off.lock.locked = true;
    expect(() => call(off.imports, name)).toThrow(RefusedImport);
  },
);

test.each(Object.entries(CONSTANT_IMPORTS))(
  '%s answers its constant while it is on the list',
  (name, constant) => {
    const { lock, imports } = wrapped([name]);
    lock.locked = true;
    expect(call(imports, name)).toBe(constant);
    const off = wrapped([name], new ImportLock({ constants: without(CONSTANT_IMPORTS, name) }));
    off.lock.locked = true;
    expect(() => call(off.imports, name)).toThrow(RefusedImport);
  },
);

test.each(Object.keys(OWN_IMPORTS))(
  '%s never reaches the engine’s own implementation, unless ours asks it',
  (name) => {
    const { lock, imports } = wrapped([name]);
    for (const locked of [false, true]) {
      lock.locked = locked;
      const answer = (): unknown => {
        try {
          return (imports[name] as (...parts: number[]) => unknown)(0, 0, 0);
        } catch (error) {
          // Ours wanted the guest's memory, and this test has none.
          return String(error);
        }
      };
      const expected =
        name === '_Py_CheckEmscriptenSignals_Helper' ? `real ${name}` : expect.not.stringMatching(/^real/);
      const got = answer();
      if (typeof got === 'string') expect(got).toEqual(expected);
      else expect(got).not.toBe(`real ${name}`);
    }
  },
);

test('the tables name functions of the engine, none twice, and everything else of it is refused', async () => {
  const wasm = await readFile(join(engineFolder(), 'pyodide.asm.wasm'));
  const module = await WebAssembly.compile(new Uint8Array(wasm));
  const engine = WebAssembly.Module.imports(module)
    .filter(({ kind }) => kind === 'function')
    .map(({ name }) => name);
  const tables = [ALLOWED_IMPORTS, CONSTANT_IMPORTS, OWN_IMPORTS].flatMap((table) => Object.keys(table));
  expect(new Set(tables).size).toBe(tables.length);
  expect(tables.filter((name) => !engine.includes(name))).toEqual([]);
  const others = engine.filter((name) => !tables.includes(name));
  expect(others.length).toBeGreaterThan(100);
  const { lock, imports } = wrapped(others);
  lock.locked = true;
  for (const name of others) expect(() => call(imports, name), name).toThrow(RefusedImport);
});
