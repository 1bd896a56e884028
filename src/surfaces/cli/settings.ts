import { parseCount } from './parse-options.js';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly dataDir?: string;
  readonly workers?: number;
  readonly lockWait?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What a command works with: flags, else `WORLD_*` variables, else the defaults of the runtime. */
export interface Settings {
  readonly dataDir: string | undefined;
  readonly workers: number | undefined;
  readonly lockWaitMs: number | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** @throws BAD_INPUT for a variable that does not parse. */
export function settingsOf(options: GlobalOptions, env: NodeJS.ProcessEnv): Settings {
  const workers = env['WORLD_WORKERS'];
  return {
    dataDir: options.dataDir || env['WORLD_DATA_DIR'] || undefined,
    workers: options.workers ?? (workers ? parseCount('WORLD_WORKERS')(workers) : undefined),
    lockWaitMs: options.lockWait,
    json: options.json ?? false,
    quiet: options.quiet ?? false,
  };
}
