import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where data goes when nothing is said: `$WORLD_DATA_DIR`, else `world-runtime` in the XDG data directory. */
export function defaultDataDir(env: NodeJS.ProcessEnv = process.env): string {
  const named = env['WORLD_DATA_DIR'];
  if (named) return named;
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'world-runtime');
}
