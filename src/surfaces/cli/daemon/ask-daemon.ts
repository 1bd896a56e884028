import type { StatusView } from '../../../model/status-api.js';
import { WorldError } from '../../../model/world-error.js';
import { type DaemonFile, readDaemonFile } from '../../client/daemon-file.js';
import { daemonTransport } from '../../client/daemon-transport.js';
import { callAction } from '../action-command.js';

/** An idle daemon answers in milliseconds. */
const ANSWER_MS_MAX = 10_000;

/** What became of the daemon that a data directory's file names. */
export type DaemonState =
  | { readonly kind: 'answers'; readonly daemon: DaemonFile; readonly status: StatusView }
  /** It lives, but does not say what it holds: it ends, is of another version, is overloaded or hangs. */
  | { readonly kind: 'lives'; readonly daemon: DaemonFile; readonly reason: WorldError }
  /** It was killed, and its file is left over. */
  | { readonly kind: 'gone'; readonly daemon: DaemonFile }
  | { readonly kind: 'none' };

/** Asks the daemon of a data directory how it is. Never throws. */
export async function askDaemon(dataDir: string): Promise<DaemonState> {
  const daemon = readDaemonFile(dataDir);
  if (daemon === null) return { kind: 'none' };
  const transport = daemonTransport(daemon);
  try {
    const status = await Promise.race([callAction(transport, 'status', {}), silence(daemon)]);
    return { kind: 'answers', daemon, status };
  } catch (thrown) {
    const reason = thrown instanceof WorldError ? thrown : new WorldError('INTERNAL', String(thrown));
    // Whoever has the port now and does not know the token is not the daemon that wrote the file.
    const gone = ['DAEMON_UNREACHABLE', 'DAEMON_LOST', 'UNAUTHORIZED'].includes(reason.code);
    return gone ? { kind: 'gone', daemon } : { kind: 'lives', daemon, reason };
  } finally {
    await transport.close();
  }
}

function silence({ url, pid }: DaemonFile): Promise<never> {
  return new Promise((_, reject) => {
    const message = `The daemon at ${url} (process ${pid}) did not answer within ${ANSWER_MS_MAX / 1000} s.`;
    const timer = setTimeout(() => reject(new WorldError('WAIT_TIMEOUT', message)), ANSWER_MS_MAX);
    timer.unref();
  });
}

/** A second daemon, or something that needs the data directory alone, is refused. */
export function daemonRunning(dataDir: string, { pid, url }: DaemonFile): WorldError {
  return new WorldError(
    'DAEMON_RUNNING',
    `A daemon runs already for ${dataDir}: process ${pid} at ${url}. Commands use it by themselves; wr down stops it.`,
    { details: { dataDir, pid, url } },
  );
}
