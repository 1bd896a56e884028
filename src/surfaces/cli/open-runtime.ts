import type { Transport } from '../client/transport.js';
import type { Cli, ComposedRuntime } from './cli.js';
import { orAborted } from './interruption.js';
import { interrupted } from './report-error.js';
import type { Settings } from './settings.js';

/**
 * Opens the data directory for one command. Ctrl-C while it opens, for instance while another process holds it,
 * ends the wait at once: nothing has been done yet.
 *
 * @throws DATA_DIR_LOCKED, DATA_DIR_VERSION, JOURNAL_CORRUPT, STORAGE_FAILED, INTERRUPTED
 */
export async function openRuntime(cli: Cli, settings: Settings): Promise<ComposedRuntime> {
  const { composeRuntime } = await cli.load();
  const opening = composeRuntime({
    ...(settings.dataDir === undefined ? {} : { dataDir: settings.dataDir }),
    ...(settings.workers === undefined ? {} : { workers: settings.workers }),
    ...(settings.lockWaitMs === undefined ? {} : { lockWaitMs: settings.lockWaitMs }),
    rememberCurrent: true,
    signal: cli.interruption.signal,
    log: (message) => {
      if (!settings.quiet && !settings.json) cli.terminal.err(`note: ${message}\n`);
    },
  });
  return orAborted(opening, cli.interruption.signal, () => interrupted('Nothing was done.'));
}

/** Reaches the worlds for one command, works with them and lets go, whatever happened. */
export async function withTransport<T>(
  cli: Cli,
  settings: Settings,
  work: (transport: Transport) => Promise<T>,
): Promise<T> {
  const { transport } = await openRuntime(cli, settings);
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
