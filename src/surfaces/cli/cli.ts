import type { RuntimeContext } from '../../actions/maintenance.js';
import type { IsolationMode } from '../../model/isolation-mode.js';
import type { Transport } from '../client/transport.js';
import type { ExaminablePages } from './doctor/examine-pages.js';
import type { Interruption } from './interruption.js';
import type { Terminal } from './terminal.js';

/** A runtime over an open data directory. */
export interface ComposedRuntime {
  readonly context: RuntimeContext;
  readonly transport: Transport;
  /** Absolute path. */
  readonly dataDir: string;
  /** What `wr doctor --pages` reads through; a runtime without a disk has none. */
  readonly storage?: { readonly pages: ExaminablePages };
  close(): Promise<void>;
}

/**
 * Puts a runtime together from its real parts.
 *
 * @throws DATA_DIR_LOCKED, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED
 */
export type Compose = (options: {
  readonly dataDir?: string;
  readonly workers?: number;
  readonly slabBudgetBytes?: number;
  /** Whose code one executor host may run. */
  readonly isolate?: IsolationMode;
  readonly isolateHosts?: number;
  /** Run guests where no second wall stands. */
  readonly allowWeakIsolation?: boolean;
  /** Of worlds that are made without limits of their own. */
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
  /** Commands without a world mean the last one named, across processes. */
  readonly rememberCurrent?: boolean;
  /** How long to wait while another process has the data directory, ms. */
  readonly lockWaitMs?: number;
  readonly signal?: AbortSignal;
  /** Receives what an operator may want to know. */
  readonly log?: (message: string) => void;
}) => Promise<ComposedRuntime>;

/** What composes runtimes. The starter in `bin` supplies it, so that nothing here knows a real part. */
export interface Composition {
  readonly composeRuntime: Compose;
}

/** What every command of one `wr` process shares. */
export interface Cli {
  readonly terminal: Terminal;
  readonly interruption: Interruption;
  readonly env: NodeJS.ProcessEnv;
  /** Loads the composition when a command needs it. */
  readonly load: () => Promise<Composition>;
  /** What the process shall exit with when the command ends without an error. */
  exitCode: number;
}
