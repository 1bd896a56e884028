import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineFolder } from '../executor/engine-files.js';

/** What the executor host may read, by absolute path. Nothing of it is secret or differs between users. */
export interface HostFiles {
  /** Programs: Node, and the loader of shared libraries. */
  readonly programs: readonly string[];
  readonly files: readonly string[];
  readonly folders: readonly { readonly path: string; readonly real: string }[];
}

const LOADERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-aarch64.so.1',
  '/lib/ld-musl-x86_64.so.1',
  '/lib/ld-musl-aarch64.so.1',
];
const LIST_TIMEOUT_MS = 5_000;

/** This package's folder, from the sources as well as from what is compiled of them. */
export function packageFolder(): string {
  return fileURLToPath(new URL('../../../../', import.meta.url));
}

/** Node and its libraries, this package's code, the guest's Python and the engine. */
export function hostFiles(program: string): HostFiles {
  const root = packageFolder();
  const loaders = LOADERS.filter((path) => existsSync(path));
  const own = ['dist', 'guest/python', 'native/build'].map((name) => join(root, name));
  return {
    programs: [program, ...loaders],
    files: [
      ...librariesOf(program, loaders).filter((path) => !loaders.includes(path)),
      join(root, 'package.json'),
      '/etc/ld.so.cache',
    ].filter((path) => existsSync(path)),
    folders: [
      ...own.filter((path) => existsSync(path)).map((path) => ({ path, real: path })),
      ...engineFolders(root),
    ],
  };
}

/** Asks the loader which libraries a program would get, by the paths at which it looks for them. */
function librariesOf(program: string, loaders: readonly string[]): string[] {
  const paths = loaders.flatMap((loader) => {
    const { stdout } = spawnSync(loader, ['--list', program], {
      env: {},
      cwd: '/',
      encoding: 'utf8',
      timeout: LIST_TIMEOUT_MS,
    });
    return [...(stdout ?? '').matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  });
  return [...new Set(paths)];
}

/** Where the engine lies, and where Node looks for it first. */
function engineFolders(root: string): HostFiles['folders'] {
  const real = engineFolder().replace(/\/$/, '');
  const looked = createRequire(join(root, 'package.json')).resolve.paths('pyodide') ?? [];
  const found = looked.map((folder) => join(folder, 'pyodide')).find((path) => existsSync(path));
  const paths = found === undefined || found === real ? [real] : [real, found];
  return paths.map((path) => ({ path, real }));
}
