import { createHash, timingSafeEqual } from 'node:crypto';
import { WorldError } from '../../model/world-error.js';
import { CLIENT_VERSION_HEADER } from '../client/rpc-protocol.js';

/** A refusal with the HTTP status that says it best. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 503;
  readonly error: WorldError;
}

/** What a request must show before anything of it is looked at. */
export interface GuardOptions {
  /** Hosts that the Host header may name: `127.0.0.1:PORT` and `localhost:PORT`. */
  readonly hosts: readonly string[];
  readonly token: string;
  readonly version: string;
}

/**
 * Refuses what does not come from a client of this user: requests that a browser makes for some web page (they
 * have an Origin), or that reached the port under a foreign name (DNS rebinding), or that have not the token.
 */
export function guard(headers: Headers, { hosts, token, version }: GuardOptions): Refusal | null {
  const host = headers.get('host') ?? '';
  if (!hosts.includes(host)) {
    return refusal(403, `The Host header must be ${hosts.join(' or ')}, not ${JSON.stringify(host)}.`);
  }
  if (headers.has('origin') || headers.has('sec-fetch-site')) {
    return refusal(403, 'The daemon does not answer web pages.');
  }
  if (!isToken(headers.get('authorization') ?? '', token)) {
    return refusal(
      401,
      'The token is missing or wrong. Send "Authorization: Bearer TOKEN" with the token of daemon.json in the data directory.',
    );
  }
  const client = headers.get(CLIENT_VERSION_HEADER);
  if (client !== null && client !== version) return { status: 409, error: otherVersion(client, version) };
  return null;
}

function refusal(status: 401 | 403, message: string): Refusal {
  return { status, error: new WorldError('UNAUTHORIZED', message) };
}

function otherVersion(client: string, version: string): WorldError {
  return new WorldError(
    'DAEMON_VERSION',
    `The running daemon is world-runtime ${version}, this program is ${client}. Stop the daemon: wr down. Then go on without one, ` +
      'or start one of your version: wr up --detach',
    { details: { daemon: version, client, pid: process.pid } },
  );
}

/** Compares hashes, so that the time it takes says nothing about either text. */
function isToken(authorization: string, token: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token}`));
}
