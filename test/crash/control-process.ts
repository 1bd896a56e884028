import { connectTransport } from '../../src/surfaces/client/connect.js';
import type { Transport } from '../../src/surfaces/client/transport.js';
import { type StartedWr, startWr } from '../e2e/cli-process.js';
import { childrenOf, isRunning } from '../support/processes.js';

/** The real daemon: the process that has a data directory, with its executor hosts as children. */
export interface ControlProcess {
  readonly pid: number;
  readonly transport: Transport;
  /** Process ids of its executor hosts. */
  hosts(): number[];
  /** `kill -9` of this process alone: its hosts have to notice by themselves. */
  kill(): Promise<void>;
  /** Asks it to finish and close; true if it was still about to when it was killed after `ms`. */
  killWhileClosing(ms: number): Promise<boolean>;
  close(): Promise<void>;
  /** Kills it, if it is still there, and waits for nothing. */
  end(): void;
}

export interface ControlOptions {
  readonly dataDir: string;
  /** Executors in a host. Default 2. */
  readonly workers?: number;
  /** A fault of planted/storage.mjs. */
  readonly planted?: string;
}

/** Few states and deleted worlds are kept, so that there is something to forget. */
const SETTINGS = { WORLD_RETENTION_STATES: '12', WORLD_RETENTION_DELETED_WORLDS: '3' };
const PLANT = new URL('planted/plant.mjs', import.meta.url).href;
const HOSTS_END_WITHIN_MS = 30_000;

/** @throws when it ends before it answers */
export async function startControl(options: ControlOptions): Promise<ControlProcess> {
  const started = start(options);
  await started.said('answers at');
  const pid = pidOf(started);
  const transport = connectTransport({ dataDir: options.dataDir });
  let hosts: number[] = [];
  const gone = async (): Promise<void> => {
    await started.ended;
    await transport.close();
    await untilEnded(hosts);
  };
  return {
    pid,
    transport,
    hosts: () => childrenOf(pid),
    async kill() {
      hosts = childrenOf(pid);
      process.kill(pid, 'SIGKILL');
      await gone();
    },
    async killWhileClosing(ms) {
      hosts = childrenOf(pid);
      process.kill(pid, 'SIGTERM');
      const { code } = await killAfter(started, ms);
      await gone();
      return code === 'SIGKILL';
    },
    async close() {
      hosts = childrenOf(pid);
      process.kill(pid, 'SIGTERM');
      const { code, err } = await started.ended;
      await gone();
      if (code !== 0) throw new Error(`closing ended with ${code}: ${err}`);
    },
    end() {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    },
  };
}

/** Kills it `ms` after it was started, whatever it was doing then. */
export async function killWhileStarting(options: ControlOptions, ms: number): Promise<void> {
  const started = start(options);
  const { code, err } = await killAfter(started, ms);
  if (code !== 'SIGKILL') throw new Error(`the daemon ended by itself with ${code}: ${err}`);
}

async function killAfter(started: StartedWr, ms: number): Promise<Awaited<StartedWr['ended']>> {
  const timer = setTimeout(() => started.child.kill('SIGKILL'), ms);
  const ended = await started.ended;
  clearTimeout(timer);
  return ended;
}

function start({ dataDir, planted, ...options }: ControlOptions): StartedWr {
  const plant = planted === undefined ? {} : { NODE_OPTIONS: `--import=${PLANT}`, CRASH_PLANTED: planted };
  const workers = { WORLD_WORKERS: String(options.workers ?? 2) };
  return startWr(dataDir, ['up'], { env: { ...SETTINGS, ...workers, ...plant } });
}

function pidOf({ child }: StartedWr): number {
  if (child.pid === undefined) throw new Error('the daemon was not started');
  return child.pid;
}

async function untilEnded(hosts: readonly number[]): Promise<void> {
  const until = Date.now() + HOSTS_END_WITHIN_MS;
  while (hosts.some(isRunning)) {
    if (Date.now() > until)
      throw new Error(`executor hosts outlive their control process: ${hosts.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
