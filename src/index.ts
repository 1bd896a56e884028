import { composeRuntime, type RuntimeOptions } from './compose.js';
import { RuntimeClient } from './surfaces/client/runtime-client.js';

export type { RuntimeOptions } from './compose.js';
export type * from './model/api.js';
export { DEFAULT_LIMITS, WorldLimits } from './model/limits.js';
export { ERROR_CODES, type ErrorCode, WorldError } from './model/world-error.js';
export {
  type CallOptions,
  type CallProgress,
  type CreateOptions,
  RuntimeClient,
  type Transport,
  World,
} from './surfaces/client/runtime-client.js';

/** A runtime in this process, over a data directory of its own. */
export class WorldRuntime extends RuntimeClient {
  /**
   * Opens a data directory (made if missing) and everything recorded in it.
   *
   * @throws DATA_DIR_LOCKED when another process has it, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED
   */
  static async open(options: RuntimeOptions = {}): Promise<WorldRuntime> {
    return new WorldRuntime((await composeRuntime(options)).transport);
  }
}
