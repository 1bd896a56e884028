import type { IsolationMode } from '../../model/isolation-mode.js';
import { WorldError } from '../../model/world-error.js';
import { defaultDataDir } from '../client/data-location.js';
import type { Configured } from './config/read-config.js';
import { readConfig } from './config/read-config.js';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly dataDir?: string;
  readonly workers?: number;
  readonly isolate?: IsolationMode;
  readonly lockWait?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** How a runtime is opened, in this process or as a daemon; only what somebody said. */
export interface RuntimeSettings {
  readonly workers?: number;
  readonly lockWaitMs?: number;
  /** Whose code one executor host may run. */
  readonly isolate?: IsolationMode;
  readonly isolateHosts?: number;
  readonly slabBudgetBytes?: number;
  /** Run guests where no second wall stands. */
  readonly allowWeakIsolation?: boolean;
  readonly worldLimits?: Readonly<Record<string, number>>;
  /** Of all worlds together. */
  readonly limits?: Readonly<Record<string, number>>;
  readonly retention?: {
    readonly states?: number;
    readonly deletedWorlds?: number;
    readonly automatic?: boolean;
  };
  readonly durability?: {
    readonly executions?: number;
    readonly runMs?: number;
    readonly closeRunMs?: number;
    readonly idleMs?: number;
  };
}

/** What a command works with: flags, else `WORLD_*` variables, else the project's file, else the user's. */
export interface Settings {
  /** The data directory that somebody named. */
  readonly namedDataDir: string | undefined;
  /** That, or the default. */
  readonly dataDir: string;
  readonly runtime: RuntimeSettings;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Every setting that somebody made, by its path. */
  readonly configured: ReadonlyMap<string, Configured>;
}

/** @throws BAD_INPUT for a variable or a file that does not parse. */
export function settingsOf(options: GlobalOptions, env: NodeJS.ProcessEnv): Settings {
  const configured = new Map(readConfig({ env, cwd: process.cwd() }));
  const flag = (path: string, name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') configured.set(path, { value, from: name });
  };
  flag('dataDir', '--data-dir', options.dataDir);
  flag('workers', '--workers', options.workers);
  flag('isolate', '--isolate', options.isolate);
  flag('lockWaitMs', '--lock-wait', options.lockWait);
  const named = configured.get('dataDir')?.value;
  const namedDataDir = typeof named === 'string' ? named : undefined;
  return {
    namedDataDir,
    dataDir: namedDataDir ?? defaultDataDir(env),
    runtime: grouped(configured),
    json: options.json ?? false,
    quiet: options.quiet ?? false,
    configured,
  };
}

/** Limits of all worlds together; the others are of one world. */
const RUNTIME_LIMITS: readonly string[] = ['worlds', 'states'];

/** `retention.states` becomes `{ retention: { states } }`. */
function grouped(configured: ReadonlyMap<string, Configured>): RuntimeSettings {
  const settings: Record<string, unknown> = {};
  const groups: Record<string, Record<string, unknown>> = {};
  for (const [path, { value }] of configured) {
    if (path === 'dataDir') continue;
    const [group = '', name] = path.split('.');
    if (name === undefined) {
      settings[group] = value;
      continue;
    }
    const into = group === 'limits' && !RUNTIME_LIMITS.includes(name) ? 'worldLimits' : group;
    groups[into] = { ...groups[into], [name]: value };
  }
  return { ...settings, ...groups } as RuntimeSettings;
}

/**
 * Holds configured limits against their schema, which is loaded only for that.
 *
 * @throws BAD_INPUT naming who said the number
 */
export async function requireLimits({ configured }: Settings): Promise<void> {
  const { RuntimeLimits, WorldLimits } = await import('../../model/limits.js');
  for (const [path, { value, from }] of configured) {
    if (!path.startsWith('limits.')) continue;
    const name = path.slice('limits.'.length);
    const schema = RUNTIME_LIMITS.includes(name) ? RuntimeLimits : WorldLimits;
    const parsed = schema.safeParse({ [name]: value });
    const [issue] = parsed.error?.issues ?? [];
    if (!issue) continue;
    throw new WorldError('BAD_INPUT', `${from}: ${path}: ${issue.message}.`, {
      details: { key: path, from },
    });
  }
}
