import type { RuntimeOptions } from './compose.js';
import { type ConnectOptions, connectTransport } from './surfaces/client/connect.js';
import { RuntimeClient } from './surfaces/client/runtime-client.js';

export type { RuntimeOptions } from './compose.js';
export type * from './model/api.js';
export type * from './model/contest-api.js';
export type * from './model/journal-api.js';
export { DEFAULT_LIMITS, WorldLimits } from './model/limits.js';
export type { StatusView } from './model/status-api.js';
export type * from './model/storage-api.js';
export { ERROR_CODES, type ErrorCode, WorldError } from './model/world-error.js';
export type { BestOfOptions, Scorer, Tried } from './surfaces/client/best-of-through.js';
export type { ConnectOptions } from './surfaces/client/connect.js';
export {
  type CallOptions,
  type CallProgress,
  type CreateOptions,
  RuntimeClient,
  type Transport,
  World,
} from './surfaces/client/runtime-client.js';

/** A runtime: opened in this process, or reached through the daemon that has its data directory. */
export class WorldRuntime extends RuntimeClient {
  /**
   * Opens a data directory (made if missing) and everything recorded in it, in this process.
   *
   * @throws DATA_DIR_LOCKED when another process has it, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED
   */
  static async open(options: RuntimeOptions = {}): Promise<WorldRuntime> {
    // Loaded here, so that a program that only connects does not load the engine and the database.
    const { composeRuntime } = await import('./compose.js');
    return new WorldRuntime((await composeRuntime(options)).transport);
  }

  /**
   * Talks to the daemon (`wr up`) of a data directory, or to one by its address. The methods and errors are the same.
   *
   * @throws NO_DAEMON when none runs there, BAD_INPUT for half an address. Calls throw also DAEMON_UNREACHABLE,
   *   DAEMON_LOST, DAEMON_VERSION and UNAUTHORIZED.
   */
  static async connect(options: ConnectOptions = {}): Promise<WorldRuntime> {
    return new WorldRuntime(connectTransport(options));
  }
}
