import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Raised whenever what a base state contains changes without one of the hashed files changing. */
const BASE_FORMAT = 'world-base-1';

const ENGINE_FILES = [
  'pyodide.mjs',
  'pyodide.asm.mjs',
  'pyodide.asm.wasm',
  'pyodide-lock.json',
  'python_stdlib.zip',
] as const;

export interface GuestFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Folder of the pinned engine, with a trailing separator as Pyodide wants it. */
export function engineFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('pyodide/package.json')), '/');
}

/** The Python files that run inside worlds, by name. The package keeps them at the same depth as its sources. */
export async function readGuestFiles(): Promise<GuestFile[]> {
  const folder = fileURLToPath(new URL('../../../../guest/python/', import.meta.url));
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py')).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(folder, name)) })));
}

/** SHA-256 over everything that determines the base state. */
export async function digestEngine(): Promise<string> {
  const hash = createHash('sha256').update(BASE_FORMAT);
  const add = (name: string, bytes: Uint8Array) => hash.update(`\0${name}\0${bytes.length}\0`).update(bytes);
  for (const name of ENGINE_FILES) add(name, await readFile(join(engineFolder(), name)));
  for (const file of await readGuestFiles()) add(file.name, file.bytes);
  return hash.digest('hex');
}
