import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readdirSync, readSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isErrorCode, WorldError } from '../../../model/world-error.js';
import type { DaemonFile } from '../../client/daemon-file.js';
import type { Cli } from '../cli.js';
import { interrupted } from '../report-error.js';
import type { Settings } from '../settings.js';
import { askDaemon, daemonRunning } from './ask-daemon.js';

const WR = fileURLToPath(new URL('../../../../bin/wr.js', import.meta.url));
/** Opening a large data directory replays its journal. */
const START_MS_MAX = 120_000;
const LOOK_MS = 50;
/** A log that has grown beyond this starts anew, bytes. */
const LOG_BYTES_MAX = 4 * 1024 * 1024;
/** What is shown of the log when the start failed, bytes. */
const TAIL_BYTES = 4096;

/**
 * Starts a daemon in the background, in a session of its own, and waits until it answers.
 *
 * @throws DAEMON_RUNNING; what the daemon said in its log when it did not start; WAIT_TIMEOUT, INTERRUPTED
 */
export async function detach(
  cli: Cli,
  settings: Settings,
  port: number | undefined,
): Promise<{ daemon: DaemonFile; log: string }> {
  const { dataDir } = settings;
  const before = await askDaemon(dataDir);
  if (before.kind === 'answers' || before.kind === 'lives') throw daemonRunning(dataDir, before.daemon);
  const log = openLog(dataDir);
  try {
    const child = spawn(process.execPath, [WR, ...argumentsOf(settings, port)], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    const daemon = await waitFor(child, cli, { dataDir, log });
    child.unref();
    return { daemon, log: log.path };
  } finally {
    closeSync(log.fd);
  }
}

/** Variables and files the child reads itself; what flags said is said again. */
function argumentsOf({ dataDir, configured }: Settings, port: number | undefined): string[] {
  const flags = [...configured].flatMap(([path, { value, from }]) =>
    from.startsWith('--') && path !== 'dataDir' ? [from, String(value)] : [],
  );
  return ['up', '--data-dir', dataDir, ...flags, ...(port === undefined ? [] : ['--port', String(port)])];
}

interface Log {
  readonly path: string;
  readonly fd: number;
  /** What the log held before. */
  readonly startBytes: number;
}

/** In the data directory, unless that is not one of ours: then nothing is put into it. */
function openLog(dataDir: string): Log {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const isOurs = existsSync(join(dataDir, 'FORMAT')) || readdirSync(dataDir).length === 0;
    const path = isOurs
      ? join(dataDir, 'daemon.log')
      : join(tmpdir(), `world-runtime-daemon-${process.pid}.log`);
    let fd = openSync(path, 'a+', 0o600);
    if (fstatSync(fd).size > LOG_BYTES_MAX) {
      closeSync(fd);
      fd = openSync(path, 'w+', 0o600);
    }
    return { path, fd, startBytes: fstatSync(fd).size };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError('STORAGE_FAILED', `Cannot write the daemon's log in ${dataDir}: ${reason}`, {
      cause: thrown,
    });
  }
}

async function waitFor(
  child: ChildProcess,
  cli: Cli,
  { dataDir, log }: { dataDir: string; log: Log },
): Promise<DaemonFile> {
  let ended: string | null = null;
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended = `it ended with ${code ?? signal}`;
  });
  const until = performance.now() + START_MS_MAX;
  for (;;) {
    if (ended !== null) throw failure(log, ended);
    const state = await askDaemon(dataDir);
    if (state.kind === 'answers' && state.daemon.pid === child.pid) return state.daemon;
    const { aborted } = cli.interruption.signal;
    if (aborted || performance.now() > until) {
      child.kill('SIGTERM');
      if (aborted) throw interrupted('The daemon was stopped again.');
      throw new WorldError(
        'WAIT_TIMEOUT',
        `The daemon did not answer within ${START_MS_MAX / 1000} s and was stopped. See ${log.path}`,
        { details: { log: log.path } },
      );
    }
    await delay(LOOK_MS);
  }
}

/** The error that the daemon wrote last, as its own; else what there is of the log. */
function failure(log: Log, ended: string): WorldError {
  const text = tailOf(log);
  const [, code, message] = [...text.matchAll(/^error ([A-Z_]+): (.*)$/gm)].at(-1) ?? [];
  const details = { log: log.path };
  if (isErrorCode(code)) return new WorldError(code, `The daemon did not start: ${message}`, { details });
  const said = text.trim() === '' ? 'Its log says nothing' : `Its log says: ${text.trim()}`;
  return new WorldError('INTERNAL', `The daemon did not start: ${ended}. ${said} (${log.path})`, { details });
}

function tailOf({ fd, startBytes }: Log): string {
  const end = fstatSync(fd).size;
  const from = Math.max(startBytes, end - TAIL_BYTES);
  const bytes = Buffer.alloc(Math.max(0, end - from));
  readSync(fd, bytes, 0, bytes.length, from);
  return bytes.toString('utf8');
}
