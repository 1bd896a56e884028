import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ImageHash } from '../../ports/base-image.js';
import { engineFolder, readGuestFiles } from './executor/engine-files.js';

/**
 * Names the startup snapshot of this engine, this code and that image (null: the engine alone). The engine's large files are told apart by version
 * and size, because hashing them would delay the first reply; ours are hashed.
 */
export async function startupKey(image: ImageHash | null): Promise<string> {
  const hash = createHash('sha256').update(image ?? '');
  const engine = engineFolder();
  hash.update(await readFile(join(engine, 'package.json')));
  for (const name of (await readdir(engine)).sort()) {
    hash.update(`\0${name}\0${(await stat(join(engine, name))).size}`);
  }
  for (const file of await readGuestFiles()) hash.update(`\0${file.name}\0`).update(file.bytes);
  const compiled = join(dirname(createRequire(import.meta.url).resolve('#executor-host')), '..', 'executor');
  for (const name of (await readdir(compiled)).sort()) {
    if (name.endsWith('.js')) hash.update(`\0${name}\0`).update(await readFile(join(compiled, name)));
  }
  return hash.digest('hex');
}
