import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WorldError } from '../../../model/world-error.js';
import type { DaemonFile } from '../../client/daemon-file.js';
import type { Cli } from '../cli.js';
import { interrupted } from '../report-error.js';
import { askDaemon } from './ask-daemon.js';

const LOOK_MS = 50;
/** How long a daemon that was told to end at once may take, ms. */
const FORCED_MS_MAX = 10_000;

export interface StopOptions {
  readonly timeoutMs: number;
  /** After the timeout, end it without waiting for what runs. */
  readonly force: boolean;
}

/**
 * Tells the daemon of a data directory to end and waits until it has. Answers the daemon that ran, or null: then
 * there was nothing to do.
 *
 * @throws WAIT_TIMEOUT when it is still finishing what runs, INTERRUPTED
 */
export async function stopDaemon(
  cli: Cli,
  dataDir: string,
  { timeoutMs, force }: StopOptions,
): Promise<DaemonFile | null> {
  const state = await askDaemon(dataDir);
  if (state.kind === 'none' || state.kind === 'gone') return null;
  const { daemon } = state;
  const isEnding = state.kind === 'lives' && state.reason.code === 'RUNTIME_CLOSED';
  // Only a process that knows the token answers like this, so the id in the file is the daemon's. A second signal
  // would end it at once.
  if (!isEnding) signalProcess(daemon, 'SIGTERM');
  if (await hasEnded(cli, daemon, timeoutMs)) return daemon;
  if (force) {
    signalProcess(daemon, 'SIGKILL');
    if (await hasEnded(cli, daemon, FORCED_MS_MAX)) return daemon;
  }
  throw new WorldError(
    'WAIT_TIMEOUT',
    `The daemon (process ${daemon.pid}) takes no new work and is still finishing what runs. It ends by itself; ` +
      'wr down --force ends it now and drops what was not acknowledged yet.',
    { details: { pid: daemon.pid, timeoutMs } },
  );
}

function signalProcess({ pid }: DaemonFile, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH') return;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError('UNAUTHORIZED', `Cannot signal the daemon, process ${pid}: ${reason}`, {
      cause: thrown,
    });
  }
}

/** True once its port is closed, which is the last thing it does. */
async function hasEnded(cli: Cli, daemon: DaemonFile, waitMs: number): Promise<boolean> {
  const until = performance.now() + waitMs;
  while (await listens(daemon)) {
    if (cli.interruption.signal.aborted) throw interrupted('The daemon goes on ending by itself.');
    if (performance.now() > until) return false;
    await delay(LOOK_MS);
  }
  return true;
}

/** The process id tells less: a process that nobody waits for keeps it after its end. */
function listens({ url }: DaemonFile): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
