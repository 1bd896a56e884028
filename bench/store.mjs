import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorldRuntime } from '../dist/index.js';
import { sample, summarise, timed } from './statistics.mjs';

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

/** A program that opens a data directory, says how long that took, and ends as told. */
const opening = (end) => `
import { WorldRuntime } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
import { writeSync } from 'node:fs';
const start = performance.now();
const runtime = await WorldRuntime.open({ dataDir: process.argv[1] });
writeSync(1, String(performance.now() - start));
${end};
`;

/** Time in which a fresh process opens a data directory, ms. */
export function openAgain(dataDir, end = 'await runtime.close()') {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const args = ['--input-type=module', '-e', opening(end), dataDir];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (!(Number(stdout) > 0)) throw new Error(`opening failed: ${stderr}`);
  return Number(stdout);
}

/** 10,000 worlds with a durable state each; `end` is what happens to the runtime then. */
export async function makeTenThousand(dataDir, end = (runtime) => runtime.close()) {
  const runtime = await WorldRuntime.open({ dataDir });
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
  await end(runtime);
}

async function open10k(dataDir, n) {
  await makeTenThousand(dataDir);
  return summarise(await sample(n, 1, () => openAgain(dataDir)));
}

/** Collects what 1,000 forgotten states of 40 pages leave, beside 100 states that stay. */
async function collectThousand(dataDir, n) {
  const { openStorage } = await import('../dist/storage/open-storage.js');
  const storage = await openStorage(dataDir);
  try {
    const write = async (key, seed) => {
      const pages = Array.from({ length: 40 }, (_, i) => pageOf(seed * 40 + i));
      await storage.pages.write(key, {
        manifest: Buffer.from(key),
        references: pages.map(({ hash }) => hash),
        pages,
      });
    };
    const kept = Array.from({ length: 100 }, (_, i) => `kept-${i}`);
    for (const [i, key] of kept.entries()) await write(key, i);
    const samples = [];
    for (let round = 1; round <= n; round += 1) {
      for (let i = 0; i < 1000; i += 1) await write(`dead-${round}-${i}`, round * 1000 + i);
      samples.push(
        await timed(async () => {
          const collection = await storage.pages.beginCollection();
          const { manifestsRemoved } = await collection.collect({ live: new Set(kept) });
          if (manifestsRemoved !== 1000) throw new Error(`${manifestsRemoved} of 1000 states were collected`);
        }),
      );
    }
    return summarise(samples);
  } finally {
    await storage[Symbol.asyncDispose]();
  }
}

/** Half of it does not pack. */
function pageOf(number) {
  const bytes = Buffer.alloc(4096);
  for (let at = 0; at < 2048; at += 32) hash('sha256', `${number} ${at}`, 'buffer').copy(bytes, at);
  return { hash: hash('sha256', bytes, 'hex'), bytes };
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
  { name: 'store.gc', unit: 'ms', goal: null, samples: 3, runsAlone: true, run: collectThousand },
];
