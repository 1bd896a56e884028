import { WorldError } from '../../model/world-error.js';
import { readDaemonFile } from './daemon-file.js';
import { daemonTransport } from './daemon-transport.js';
import { defaultDataDir } from './data-location.js';
import type { Transport } from './transport.js';

/** Which daemon to talk to: the one of a data directory, or one by its address. */
export interface ConnectOptions {
  /** Default: `WORLD_DATA_DIR`, else `world-runtime` in the XDG data directory. */
  readonly dataDir?: string;
  /** Instead of a data directory; needs `token`. */
  readonly url?: string;
  readonly token?: string;
}

/**
 * A connection to a running daemon. Nothing is sent before the first call.
 *
 * @throws NO_DAEMON when none runs for the data directory, BAD_INPUT for an address without a token or the reverse.
 */
export function connectTransport({ dataDir, url, token }: ConnectOptions): Transport {
  if (url !== undefined || token !== undefined) {
    if (dataDir !== undefined || url === undefined || token === undefined) {
      throw new WorldError('BAD_INPUT', 'Give url and token of a daemon, or its dataDir.');
    }
    if (!URL.canParse(url) || !url.startsWith('http://')) {
      throw new WorldError('BAD_INPUT', `url: expected http://HOST:PORT, got ${JSON.stringify(url)}.`);
    }
    return daemonTransport({ url, token });
  }
  const directory = dataDir ?? defaultDataDir();
  const daemon = readDaemonFile(directory);
  if (daemon === null) throw noDaemon(directory);
  return daemonTransport(daemon);
}

/** Nobody serves a data directory. */
export function noDaemon(dataDir: string): WorldError {
  return new WorldError('NO_DAEMON', `No daemon runs for ${dataDir}. Start one: wr up --detach`, {
    details: { dataDir },
  });
}
