import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WorldRuntime } from '../../src/index.js';
import { runDemo } from '../../src/surfaces/cli/demo/demo-command.js';
import type { DemoReport } from '../../src/surfaces/cli/demo/demo-report.js';

export interface PlayedDemo {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** A folder that the caller removes. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'wr-demo-test-'));
}

/** Runs the demo in this process, on the programs in a folder. */
export async function playDemoIn(
  dataDir: string,
  options: { json: boolean; programs?: string; colour?: boolean },
): Promise<PlayedDemo> {
  let out = '';
  let err = '';
  const { programs, colour = false, ...rest } = options;
  const exitCode = await runDemo({
    ...rest,
    open: (at) => WorldRuntime.open(at),
    dataDir,
    colour,
    ...(programs === undefined ? {} : { programs: pathToFileURL(join(programs, '/')) }),
    write: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { exitCode, out, err };
}

/** The one JSON object that `--json` prints. */
export function reportOf(played: Pick<PlayedDemo, 'out'>): DemoReport {
  return JSON.parse(played.out) as DemoReport;
}
