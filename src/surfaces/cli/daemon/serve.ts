import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { WorldError } from '../../../model/world-error.js';
import { type DaemonFile, daemonFilePath } from '../../client/daemon-file.js';
import { ownPackage } from '../../client/own-package.js';
import type { Cli, ComposedRuntime } from '../cli.js';
import { openAlone } from '../open-runtime.js';
import type { Settings } from '../settings.js';
import { askDaemon, daemonRunning } from './ask-daemon.js';

const TOKEN_BYTES = 32;

/**
 * Opens the data directory and answers on the loopback interface until SIGTERM or SIGINT; then finishes what runs,
 * makes durable what would be slow to recover, and returns. `started` is told once it answers.
 *
 * @throws DAEMON_RUNNING, DATA_DIR_LOCKED, BAD_INPUT for a port that cannot be had, and what opening throws
 */
export async function serve(
  cli: Cli,
  settings: Settings,
  { port, started }: { port: number | undefined; started: (daemon: DaemonFile) => void },
): Promise<void> {
  const { signal } = cli.interruption;
  const running = await askDaemon(settings.dataDir);
  if (running.kind === 'answers' || running.kind === 'lives') {
    throw daemonRunning(settings.dataDir, running.daemon);
  }
  const { startRpcServer } = await import('../../http/rpc-server.js');
  const runtime = await openAlone(cli, settings, 'A daemon');
  try {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const { version } = ownPackage();
    const { context } = runtime;
    const server = await startRpcServer({
      context,
      version,
      token,
      ...(port === undefined ? {} : { port }),
    });
    const file = daemonFilePath(settings.dataDir);
    try {
      const daemon = describe(server.url, { token, version, settings });
      writePrivately(file, `${JSON.stringify(daemon, null, 2)}\n`);
      started(daemon);
      startEngines(cli, runtime);
      await aborted(signal);
      await server.drain();
      // Before the lock is given up: after that the file could be another daemon's.
      rmSync(file, { force: true });
      await runtime.close();
    } finally {
      await server.close();
    }
  } finally {
    await runtime.close();
  }
}

function describe(
  url: string,
  { token, version, settings }: { token: string; version: string; settings: Settings },
): DaemonFile {
  return {
    pid: process.pid,
    url,
    token,
    version,
    startedAt: new Date().toISOString(),
    workers: settings.runtime.workers ?? null,
    isolate: settings.runtime.isolate ?? 'none',
  };
}

/** Whole or not at all, and never readable by anybody else. */
function writePrivately(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  rmSync(temporary, { force: true });
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch (thrown) {
    rmSync(temporary, { force: true });
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError('STORAGE_FAILED', `Cannot write ${resolve(file)}: ${reason}`, { cause: thrown });
  }
}

/** So that the first command does not wait for them. One that does not start is told when it is needed. */
function startEngines(cli: Cli, { context }: ComposedRuntime): void {
  for (const substrate of context.parts.substrates.values()) {
    substrate.baseDigest({ signal: cli.interruption.signal }).catch((thrown: unknown) => {
      if (cli.interruption.signal.aborted) return;
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      cli.terminal.err(`note: the engine ${substrate.name} did not start: ${reason}\n`);
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });
}
