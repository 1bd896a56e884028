// Runs the three snippets and prints what they answer. Node 24 runs TypeScript as it is:
//
//   node examples/snippets/main.ts
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorldRuntime } from 'world-runtime';
import { chromaticVerseWalk } from './chromatic-verse-walk.ts';
import { extractWev } from './extract-wev.ts';
import { parallelGather } from './parallel-gather.ts';

const SEED = 1069;
const dataDir = mkdtempSync(join(tmpdir(), 'world-runtime-example-'));
try {
  await using runtime = await WorldRuntime.open({ dataDir });
  const answers = {
    extractWev: await extractWev(runtime, SEED),
    chromaticVerseWalk: await chromaticVerseWalk(runtime, SEED),
    parallelGather: await parallelGather(runtime, SEED),
  };
  process.stdout.write(`${JSON.stringify(answers, null, 2)}\n`);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
