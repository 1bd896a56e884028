import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { RuntimeClient } from '../../client/runtime-client.js';
import { paintFor } from '../format/paint.js';
import type { Game } from './games.js';
import { playWev } from './play-wev.js';
import { wevText } from './wev-text.js';

export interface WevDemoOptions {
  readonly game: Game;
  /** Opens a runtime over a data directory. */
  readonly open: (options: { readonly dataDir: string }) => Promise<RuntimeClient>;
  /** Where to keep the world; default: a new folder among the temporary files. */
  readonly dataDir?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colour: boolean;
  readonly write: (text: string) => void;
  readonly err: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

const EXAMPLES = new URL('../../../../examples/', import.meta.url);

/**
 * `wr wev demo`: one game in three verses. The data directory stays, so that one can look around in it.
 *
 * @returns the exit code: 0, or 1 when a number is not what an independent computation gives
 * @throws WorldError from any step
 */
export async function runWevDemo(options: WevDemoOptions): Promise<number> {
  const { game, write, err, json, quiet } = options;
  const dataDir = options.dataDir
    ? resolve(options.dataDir)
    : await mkdtemp(join(tmpdir(), 'world-runtime-wev-'));
  const runtime = await options.open({ dataDir });
  const silent = json || quiet;
  try {
    const progress = {
      step: (text: string) => {
        if (!silent) write(`${text}\n`);
      },
      line: (verse: string, text: string) => {
        if (!silent) write(`  ${verse.padEnd(7)} | ${text}\n`);
      },
    };
    const report = await playWev(
      { runtime, dataDir, programs: EXAMPLES, progress, signal: options.signal },
      game,
    );
    const text = silent ? '' : '\n';
    write(json ? `${JSON.stringify(report)}\n` : `${text}${wevText(report, paintFor(options.colour))}`);
    const { problems } = report.check;
    if (problems.length === 0) {
      if (!json) write(`\nAll numbers agree with an independent computation. The world is in ${dataDir}\n`);
      return 0;
    }
    err(
      `The game did not come out as computed independently:\n${problems.map((one) => `  ${one}\n`).join('')}`,
    );
    return 1;
  } finally {
    await runtime.close();
  }
}
