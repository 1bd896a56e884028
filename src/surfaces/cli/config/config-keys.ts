import { ISOLATION_MODES, isIsolationMode } from '../../../model/isolation-mode.js';
import { WorldError } from '../../../model/world-error.js';
import { parseCount, parseDuration, parseSize, parseWhole } from '../parse-options.js';

/** What the value of a key is. The unit is the end of its name. */
type Kind = 'path' | 'count' | 'whole' | 'time' | 'size' | 'switch' | 'isolation';

/** A setting by its path in a configuration file, such as `limits.timeoutMs`. */
export interface ConfigKey {
  readonly path: string;
  readonly kind: Kind;
  /** `WORLD_LIMITS_TIMEOUT_MS`. */
  readonly variable: string;
  readonly summary: string;
}

export type ConfigValue = string | number | boolean;

/** Everything that can be configured. A test compares the limits with those of the schemas. */
export const CONFIG_KEYS: readonly ConfigKey[] = [
  configKey('dataDir', 'path', 'where worlds are kept; in a file, relative to it'),
  configKey('workers', 'count', 'executors, each with one Python'),
  configKey('lockWaitMs', 'time', 'wait while another process has the data directory'),
  configKey('slabBudgetBytes', 'size', 'memory for the pages of all states together'),
  configKey('allowWeakIsolation', 'switch', 'run guests where no kernel-enforced wall stands'),
  configKey('isolate', 'isolation', 'whose code one host process may run: world, tenant, none'),
  configKey('isolateHosts', 'count', 'with isolate: host processes at a time'),
  configKey('retention.states', 'whole', 'states that a world keeps'),
  configKey('retention.deletedWorlds', 'whole', 'deleted worlds that stay listed'),
  configKey('retention.automatic', 'switch', 'collect garbage without being asked'),
  configKey('durability.executions', 'count', 'executions after which a state is made durable'),
  configKey('durability.runMs', 'time', 'guest time after which a state is made durable'),
  configKey('durability.closeRunMs', 'time', 'guest time worth a durable state when closing or idle'),
  configKey('durability.idleMs', 'time', 'time after which a world that does nothing is idle; 0: never'),
  configKey('limits.timeoutMs', 'time', 'time of one execution, of worlds without an own limit'),
  configKey('limits.cpuMs', 'time', 'processor time of one execution'),
  configKey('limits.memoryBytes', 'size', 'guest memory'),
  configKey('limits.outputBytes', 'size', 'output kept of one execution'),
  configKey('limits.fileBytes', 'size', 'all files of a world together'),
  configKey('limits.files', 'whole', 'number of files of a world'),
  configKey('limits.openFiles', 'whole', 'files that a world has open at a time'),
  configKey('limits.codeBytes', 'size', 'code of one execution'),
  configKey('limits.queue', 'whole', 'requests that wait for one world'),
  configKey('limits.worlds', 'whole', 'worlds of the data directory that live'),
  configKey('limits.states', 'whole', 'states of the data directory'),
];

function configKey(path: string, kind: Kind, summary: string): ConfigKey {
  const words = path.replaceAll('.', '_').replace(/[A-Z]/g, (letter) => `_${letter}`);
  return { path, kind, variable: `WORLD_${words.toUpperCase()}`, summary };
}

/**
 * The value of a key, from the text of a variable or the JSON of a file. Times and sizes are numbers in the key's unit, or
 * text with a unit of its own: `30s`, `256MiB`.
 *
 * @throws BAD_INPUT naming `where` and the key
 */
export function configValue(key: ConfigKey, value: unknown, where: string): ConfigValue {
  const refuse = (): WorldError =>
    new WorldError('BAD_INPUT', `${where}: expected ${EXPECTED[key.kind]}, got ${shown(value)}.`, {
      details: { key: path, from: where },
    });
  const { path } = key;
  if (key.kind === 'switch') {
    if (value === true || value === 'true' || value === '1') return true;
    if (value === false || value === 'false' || value === '0') return false;
    throw refuse();
  }
  if (key.kind === 'path') {
    if (typeof value === 'string' && value !== '') return value;
    throw refuse();
  }
  if (key.kind === 'isolation') {
    if (isIsolationMode(value)) return value;
    throw refuse();
  }
  if (typeof value !== 'string' && typeof value !== 'number') throw refuse();
  try {
    return READERS[key.kind](String(value));
  } catch (thrown) {
    if (thrown instanceof WorldError) throw refuse();
    throw thrown;
  }
}

const READERS = {
  count: parseCount(''),
  whole: parseWhole(''),
  time: parseDuration,
  size: parseSize,
} as const;

const EXPECTED: Readonly<Record<Kind, string>> = {
  path: 'a path',
  count: 'a whole number from 1',
  whole: 'a whole number',
  time: 'milliseconds, or a time such as "30s"',
  size: 'bytes, or a size such as "256MiB"',
  switch: 'true or false',
  isolation: ISOLATION_MODES.join(' or '),
};

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
