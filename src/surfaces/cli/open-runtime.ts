import { rmSync } from 'node:fs';
import { WorldError } from '../../model/world-error.js';
import { type DaemonFile, daemonFilePath, readDaemonFile } from '../client/daemon-file.js';
import { daemonTransport } from '../client/daemon-transport.js';
import type { Transport } from '../client/transport.js';
import type { Cli, ComposedRuntime } from './cli.js';
import { orAborted } from './interruption.js';
import { interrupted } from './report-error.js';
import { requireLimits, type Settings } from './settings.js';

const LOCK_WAIT_MS_DEFAULT = 10_000;
/** While it waits for the lock, a command looks this often whether a daemon has come up that it can use, ms. */
const DAEMON_LOOK_MS = 250;

/**
 * Opens the data directory for one command. Ctrl-C while it opens, for instance while another process holds it,
 * ends the wait at once: nothing has been done yet.
 *
 * @throws DATA_DIR_LOCKED, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED, INTERRUPTED
 */
export async function openRuntime(
  cli: Cli,
  settings: Settings,
  lockWaitMs = settings.runtime.lockWaitMs,
): Promise<ComposedRuntime> {
  await requireLimits(settings);
  const { composeRuntime } = await cli.load();
  const opening = composeRuntime({
    ...settings.runtime,
    dataDir: settings.dataDir,
    ...(lockWaitMs === undefined ? {} : { lockWaitMs }),
    rememberCurrent: true,
    signal: cli.interruption.signal,
    log: (message) => note(cli, settings, message),
  });
  const runtime = await orAborted(opening, cli.interruption.signal, () => interrupted('Nothing was done.'));
  // The lock is ours, so a daemon's file is of one that was killed.
  rmSync(daemonFilePath(settings.dataDir), { force: true });
  return runtime;
}

/**
 * Opens a data directory that only one process can work on at a time.
 *
 * @throws DAEMON_RUNNING when a daemon has it, and what `openRuntime` does.
 */
export async function openAlone(cli: Cli, settings: Settings, what: string): Promise<ComposedRuntime> {
  try {
    return await openRuntime(cli, settings, readDaemonFile(settings.dataDir) ? 0 : undefined);
  } catch (thrown) {
    const daemon = isLocked(thrown) ? readDaemonFile(settings.dataDir) : null;
    if (daemon === null) throw thrown;
    throw new WorldError(
      'DAEMON_RUNNING',
      `${what} needs the data directory ${settings.dataDir} for itself, and the daemon has it (process ${daemon.pid}). ` +
        'Stop it first: wr down',
      { details: { pid: daemon.pid, url: daemon.url, dataDir: settings.dataDir }, cause: thrown },
    );
  }
}

/** Reaches the worlds for one command, works with them and lets go, whatever happened. */
export async function withTransport<T>(
  cli: Cli,
  settings: Settings,
  work: (transport: Transport) => Promise<T>,
): Promise<T> {
  const transport = reachWorlds(cli, settings);
  let result: T;
  try {
    result = await work(transport);
  } catch (thrown) {
    // The first failure is the one to tell; that closing fails after it adds nothing.
    await transport.close().catch(() => {});
    throw thrown;
  }
  await transport.close();
  return result;
}

/**
 * The worlds of a data directory: through its daemon when one runs, else opened in this process at the first call. A
 * daemon that does not answer, or refuses because it ends, has done nothing: then the call is made here.
 */
export function reachWorlds(cli: Cli, settings: Settings): Transport {
  let daemon = connectDaemon(cli, settings);
  let embedded: Promise<Transport> | undefined;
  const call: Transport['call'] = async (action, input, options) => {
    if (daemon !== null && embedded === undefined) {
      try {
        return await daemon.call(action, input, options);
      } catch (thrown) {
        if (!didNothing(thrown)) throw thrown;
      }
    }
    embedded ??= openOrConnect(cli, settings, (connected) => {
      daemon = connected;
    });
    return (await embedded).call(action, input, options);
  };
  return {
    call,
    close: async () => {
      await daemon?.close();
      // A runtime that could not be opened was told about already.
      const opened = await embedded?.catch(() => null);
      await opened?.close();
    },
  };
}

/** Waits for the lock, or for a daemon that took it meanwhile. */
async function openOrConnect(
  cli: Cli,
  settings: Settings,
  connected: (daemon: Transport) => void,
): Promise<Transport> {
  const refused = readDaemonFile(settings.dataDir)?.pid;
  const until = performance.now() + (settings.runtime.lockWaitMs ?? LOCK_WAIT_MS_DEFAULT);
  for (;;) {
    const leftMs = Math.max(0, until - performance.now());
    try {
      return (await openRuntime(cli, settings, Math.min(leftMs, DAEMON_LOOK_MS))).transport;
    } catch (thrown) {
      if (!isLocked(thrown)) throw thrown;
      const daemon = readDaemonFile(settings.dataDir);
      if (daemon !== null && daemon.pid !== refused) {
        requireIsolation(settings, daemon);
        const transport = daemonTransport(daemon);
        connected(transport);
        return transport;
      }
      if (leftMs <= DAEMON_LOOK_MS) throw thrown;
    }
  }
}

function connectDaemon(cli: Cli, settings: Settings): Transport | null {
  const daemon = readDaemonFile(settings.dataDir);
  if (daemon === null) return null;
  requireIsolation(settings, daemon);
  sayWhatItCannotHonour(cli, settings, daemon);
  return daemonTransport(daemon);
}

/** Less separation than was asked for is not something to note and go on with. */
function requireIsolation({ configured }: Settings, daemon: DaemonFile): void {
  const wanted = configured.get('isolate');
  if (wanted?.from !== '--isolate' || wanted.value === daemon.isolate) return;
  throw new WorldError(
    'BAD_INPUT',
    `--isolate ${wanted.value} is not possible: the running daemon has isolate ${daemon.isolate}. Nothing was done. Start it ` +
      `anew: wr down, then wr up --isolate ${wanted.value}`,
    { details: { wanted: wanted.value, has: daemon.isolate } },
  );
}

function sayWhatItCannotHonour(cli: Cli, settings: Settings, daemon: DaemonFile): void {
  const workers = settings.configured.get('workers');
  if (workers?.from !== '--workers' || workers.value === daemon.workers) return;
  note(
    cli,
    settings,
    `--workers ${workers.value} has no effect: the running daemon has its own (wr down, then wr up --workers ${workers.value})`,
  );
}

function note(cli: Cli, settings: Settings, message: string): void {
  if (!settings.quiet && !settings.json) cli.terminal.err(`note: ${message}\n`);
}

/** The daemon is gone, or ends: nothing of the call was carried out. */
function didNothing(thrown: unknown): boolean {
  if (!(thrown instanceof WorldError)) return false;
  return thrown.code === 'DAEMON_UNREACHABLE' || thrown.code === 'RUNTIME_CLOSED';
}

function isLocked(thrown: unknown): boolean {
  return thrown instanceof WorldError && thrown.code === 'DATA_DIR_LOCKED';
}
