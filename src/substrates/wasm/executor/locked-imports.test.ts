import { expect, test } from 'vitest';
import { GuestInputs } from './guest-inputs.js';
import { ALLOWED_IMPORTS, ImportLock, RefusedImport } from './locked-imports.js';
import type { ImportFunction, ImportTable } from './pyodide-internals.js';

function wrapped(names: readonly string[]): { lock: ImportLock; imports: ImportTable } {
  const imports: ImportTable = {};
  for (const name of [...names, 'emscripten_resize_heap', '_Py_CheckEmscriptenSignals_Helper']) {
    imports[name] = () => `real ${name}`;
  }
  const lock = new ImportLock();
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
