import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const GENERATED = new Set(['node_modules', 'dist', '.git', 'coverage', '__pycache__']);

/** Every file below a folder of the repository that `accept`s, as a path from the repository with `/`. */
export function filesBelow(folder: string, accept: (path: string) => boolean): string[] {
  const found: string[] = [];
  const walk = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && !GENERATED.has(entry.name)) walk(path);
      const name = relative(ROOT, path).split(sep).join('/');
      if (entry.isFile() && accept(name)) found.push(name);
    }
  };
  walk(join(ROOT, folder));
  return found;
}

/** The TypeScript sources of the product and the tests beside them. */
export function sourceFiles(): string[] {
  return filesBelow('src', (path) => path.endsWith('.ts'));
}
