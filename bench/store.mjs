import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorldRuntime } from '../dist/index.js';
import { sample, summarise } from './statistics.mjs';

/** Bytes of packs and manifests together. */
function storedBytes(dataDir) {
  let bytes = 0;
  for (const folder of ['packs', 'states']) {
    for (const name of readdirSync(join(dataDir, folder)))
      bytes += statSync(join(dataDir, folder, name)).size;
  }
  return bytes;
}

/** Children of one parent, each of which runs one trivial line and is snapshotted. */
async function diskBytesPerChild(dataDir, n) {
  const runtime = await WorldRuntime.open({ dataDir });
  try {
    const parent = await runtime.create();
    await parent.execute('x = 1');
    await parent.snapshot();
    const before = storedBytes(dataDir);
    const children = await parent.branch({ count: n });
    for (const child of children) {
      await child.execute('x = 2');
      await child.snapshot();
    }
    const bytes = Math.round((storedBytes(dataDir) - before) / n);
    return { n, p50: bytes, p95: bytes, p99: bytes };
  } finally {
    await runtime.close();
  }
}

const OPEN = `
import { WorldRuntime } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
const start = performance.now();
const runtime = await WorldRuntime.open({ dataDir: process.argv[1] });
const ms = performance.now() - start;
process.stdout.write(String(ms));
await runtime.close();
`;

/** 10,000 worlds with a durable state each, opened by a fresh process. */
async function open10k(dataDir, n) {
  const runtime = await WorldRuntime.open({ dataDir });
  try {
    const root = await runtime.create();
    await root.execute('x = 1');
    await root.snapshot();
    for (let round = 0; round < 100; round += 1) {
      const children = await root.branch({ count: 100 });
      await Promise.all(
        children.map(async (child, i) => {
          await child.execute(`x = ${round * 100 + i}`);
          await child.snapshot();
        }),
      );
    }
  } finally {
    await runtime.close();
  }
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return summarise(
    await sample(n, 1, () => {
      const args = ['--input-type=module', '-e', OPEN, dataDir];
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
      if (status !== 0) throw new Error(`opening failed: ${stderr}`);
      return Number(stdout);
    }),
  );
}

export const STORE = [
  {
    name: 'wasm.disk_bytes_per_child',
    unit: 'bytes',
    goal: 32 * 1024,
    samples: 200,
    runsAlone: true,
    run: diskBytesPerChild,
  },
  { name: 'store.open_10k', unit: 'ms', goal: 2000, samples: 5, runsAlone: true, run: open10k },
];
