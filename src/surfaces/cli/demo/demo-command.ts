import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RuntimeClient } from '../../client/runtime-client.js';
import type { DemoReport } from './demo-report.js';
import { demoHeading, demoText } from './demo-text.js';
import { type DemoProgress, playDemo } from './play-demo.js';

export interface DemoOptions {
  /** Opens a runtime over a data directory; `WorldRuntime.open`. */
  readonly open: (options: { readonly dataDir: string }) => Promise<RuntimeClient>;
  /** Where to keep what the demo makes; default: a new folder among the temporary files. */
  readonly dataDir?: string | undefined;
  /** One JSON object on `write` and nothing else. */
  readonly json: boolean;
  /** Colour in the text. */
  readonly colour: boolean;
  /** Takes the report. */
  readonly write: (text: string) => void;
  /** Takes warnings and failures. */
  readonly err: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Folder of the example; default: the one of this package. */
  readonly programs?: URL | undefined;
}

const PROGRAMS = new URL('../../../../examples/braess/', import.meta.url);

/**
 * `wr demo`: the Braess network in three verses. The data directory stays, so that one can look around in it.
 *
 * @returns the exit code: 0, or 1 when a number is not what an independent computation gives.
 * @throws WorldError from any step
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const { write, err, json } = options;
  const dataDir = options.dataDir ? resolve(options.dataDir) : await freshFolder();
  if (!json) write(`${demoHeading(dataDir, options.colour)}\n`);
  const progress = json ? SILENT : told(write);
  const report = await play(options, dataDir, progress);
  write(json ? `${JSON.stringify(report)}\n` : `\n${demoText(report, options.colour)}`);
  const { problems } = report.check;
  if (problems.length === 0) {
    if (!json) write('\nAll numbers agree with an independent exact computation.\n');
    return 0;
  }
  err(
    `The demo did not come out as computed independently:\n${problems.map((one) => `  ${one}\n`).join('')}`,
  );
  return 1;
}

async function play(options: DemoOptions, dataDir: string, progress: DemoProgress): Promise<DemoReport> {
  const { open, signal, programs = PROGRAMS } = options;
  const runtime = await open({ dataDir });
  try {
    return await playDemo({ runtime, dataDir, programs, progress, signal });
  } finally {
    await runtime.close();
  }
}

function freshFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'world-runtime-demo-'));
}

const SILENT: DemoProgress = { step: () => {}, line: () => {} };

function told(write: (text: string) => void): DemoProgress {
  return {
    step: (text) => write(`${text}\n`),
    line: (verse, text) => write(`  ${verse.padEnd(7)} | ${text}\n`),
  };
}
