import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { WorldError } from '../../../model/world-error.js';
import { CONFIG_KEYS, type ConfigKey, type ConfigValue, configValue } from './config-keys.js';

/** A value and who said it: a variable, or a file. */
export interface Configured {
  readonly value: ConfigValue;
  readonly from: string;
}

export const PROJECT_FILE = 'world-runtime.json';

/** Where the configuration of a user and of a project are looked for. */
export interface ConfigPlaces {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/**
 * What is configured, by the path of the key: variables before the project's file (`world-runtime.json` in this folder or the
 * nearest above it) before the user's (`world-runtime/config.json` in the XDG configuration directory).
 *
 * @throws BAD_INPUT naming file and key, for a file that cannot be read or is no JSON, an unknown key, a wrong type
 */
export function readConfig({ env, cwd }: ConfigPlaces): ReadonlyMap<string, Configured> {
  const found = new Map<string, Configured>();
  for (const file of [userFile(env), projectFile(cwd)]) {
    if (file !== null) readFile(file, found);
  }
  for (const key of CONFIG_KEYS) {
    const text = env[key.variable];
    if (text) {
      found.set(key.path, { value: configValue(key, text, key.variable), from: key.variable });
    }
  }
  return found;
}

/** The user's file, if there is one. */
export function userFile(env: NodeJS.ProcessEnv): string | null {
  const folder = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  const file = join(folder, 'world-runtime', 'config.json');
  return existsSync(file) ? file : null;
}

/** The project's file, in `cwd` or the nearest folder above that has one. */
export function projectFile(cwd: string): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = join(folder, PROJECT_FILE);
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return null;
  }
}

function readFile(file: string, found: Map<string, Configured>): void {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError('BAD_INPUT', `The configuration file ${file} cannot be read: ${reason}`, {
      cause: thrown,
      details: { file },
    });
  }
  for (const [path, value] of leaves(file, '', content)) {
    const key = CONFIG_KEYS.find((one) => one.path === path);
    if (!key) throw unknownKey(file, path);
    const read = configValue(key, value, `${file}: ${path}`);
    found.set(path, { value: key.kind === 'path' ? fromFile(file, read) : read, from: file });
  }
}

/** `limits: { timeoutMs: 5 }` is `limits.timeoutMs`, 5. */
function leaves(file: string, prefix: string, value: unknown): [string, unknown][] {
  const isGroup = prefix === '' || CONFIG_KEYS.some(({ path }) => path.startsWith(`${prefix}.`));
  if (!isGroup) return [[prefix, value]];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const what = prefix === '' ? 'the whole of it' : prefix;
    throw new WorldError('BAD_INPUT', `${file}: ${what}: expected an object of settings.`, {
      details: { file },
    });
  }
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(file, prefix === '' ? name : `${prefix}.${name}`, inner),
  );
}

function fromFile(file: string, path: ConfigValue): string {
  const text = String(path);
  return text.startsWith('~/') ? join(homedir(), text.slice(2)) : resolve(dirname(file), text);
}

function unknownKey(file: string, path: string): WorldError {
  const known = CONFIG_KEYS.map((key: ConfigKey) => key.path);
  return new WorldError(
    'BAD_INPUT',
    `${file}: there is no setting ${path}. There are: ${known.join(', ')}.`,
    {
      details: { file, key: path, known },
    },
  );
}
