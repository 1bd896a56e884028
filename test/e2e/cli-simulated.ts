import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closeRuntime, openRuntime } from '../../src/runtime/open-runtime.js';
import { openStorage } from '../../src/storage/index.js';
import { createSimulatedSubstrate, NO_FAULTS } from '../../src/substrates/simulated/index.js';
import type { Cli, Compose, Composition } from '../../src/surfaces/cli/cli.js';
import { Interruption } from '../../src/surfaces/cli/interruption.js';
import { runCli } from '../../src/surfaces/cli/main.js';
import type { Terminal } from '../../src/surfaces/cli/terminal.js';
import { inProcessTransport } from '../../src/surfaces/in-process-transport.js';
import { systemClock } from '../../src/system/system-clock.js';
import { systemEntropy } from '../../src/system/system-entropy.js';
import { ulidIds } from '../../src/system/ulid-ids.js';

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs command lines in this process, on a real data directory and the simulated substrate. */
export interface SimulatedWr {
  readonly dataDir: string;
  wr(...args: string[]): Promise<Said>;
  /** As `wr`, with `--json`; answers what was printed. */
  json(...args: string[]): Promise<unknown>;
  remove(): void;
}

export function simulatedWr(options: { segmentBytes?: number } = {}): SimulatedWr {
  const folder = mkdtempSync(join(tmpdir(), 'wr-cli-test-'));
  const dataDir = join(folder, 'data');
  const compose = simulatedCompose(options);
  const wr = async (...args: string[]): Promise<Said> => sayIn(args, compose, { WORLD_DATA_DIR: dataDir });
  return {
    dataDir,
    wr,
    async json(...args) {
      const said = await wr(...args, '--json');
      if (said.err !== '') throw new Error(`${args.join(' ')}: ${said.err}`);
      return JSON.parse(said.out) as unknown;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs one command line and collects what it says. */
export async function sayIn(
  args: readonly string[],
  compose: Compose,
  env: NodeJS.ProcessEnv = {},
  looks: { colour?: boolean } = {},
): Promise<Said> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    colour: looks.colour ?? false,
    interactive: false,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    flush: async () => {},
  };
  const load = async (): Promise<Composition> => ({ composeRuntime: compose });
  const cli: Cli = { terminal, interruption: new Interruption(terminal), env, load, exitCode: 0 };
  const code = await runCli(cli, args);
  return { code, out, err };
}

/** Real storage, a simulated substrate whose durable states outlive each command. */
function simulatedCompose({ segmentBytes }: { segmentBytes?: number }): Compose {
  const archive = new Map<string, string>();
  return async ({ dataDir = '', lockWaitMs, signal }) => {
    const storage = await openStorage(dataDir, {
      ...(lockWaitMs === undefined ? {} : { waitMs: lockWaitMs }),
      ...(signal ? { signal } : {}),
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
    });
    const substrate = createSimulatedSubstrate({ clock: systemClock, archive, faults: NO_FAULTS });
    const context = await openRuntime({
      journal: storage.journal,
      checkpoints: storage.checkpoints,
      catalog: storage.catalog,
      clock: systemClock,
      entropy: systemEntropy,
      ids: ulidIds(systemClock),
      substrates: new Map([['simulated', substrate]]),
      defaultSubstrate: 'simulated',
      currentWorld: storage.currentWorld,
    });
    const close = async (): Promise<void> => {
      await closeRuntime(context);
      await storage[Symbol.asyncDispose]();
    };
    return { context, transport: inProcessTransport(context, close), dataDir, close };
  };
}
