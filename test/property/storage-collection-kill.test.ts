import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPagePacks } from '../../src/storage/page-packs/page-packs.js';

/** Kills; each at another moment. KILL_SEED=number runs the same moments again. */
const KILLS = 12;
const SEED = Number(process.env['KILL_SEED'] ?? 20_260_101);
const KEPT = 5;

let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'collection-kill-'));
  for (const name of ['packs', 'states']) mkdirSync(join(directory, name));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

const options = () => ({
  packs: join(directory, 'packs'),
  states: join(directory, 'states'),
  index: join(directory, 'index'),
});

/** Pages of state `number`: each the last state's with one line changed, so that everything hangs together. */
const PAGES = `
  const pageOf = (place, version) => {
    const bytes = Buffer.concat(Array.from({ length: 128 }, (_, i) => createHash('sha256').update(place + ' ' + i).digest()));
    bytes.writeUInt32LE(version, (version % 64) * 64);
    return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
  };`;

function pageOf(place: number, version: number): { bytes: Buffer; hash: string } {
  const bytes = Buffer.concat(
    Array.from({ length: 128 }, (_, i) => createHash('sha256').update(`${place} ${i}`).digest()),
  );
  bytes.writeUInt32LE(version, (version % 64) * 64);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}

/** Writes states for ever and keeps only the last few; says what was acknowledged, and what it is about to forget. */
function startWriter(first: number): { child: ChildProcess; lines: string[] } {
  const module = new URL('../../dist/storage/page-packs/page-packs.js', import.meta.url).href;
  const source = `import { openPagePacks } from ${JSON.stringify(module)};
    import { createHash } from 'node:crypto';
    ${PAGES}
    const say = (text) => process.stdout.write(text + '\\n');
    const store = await openPagePacks(${JSON.stringify(options())});
    say('open');
    let number = ${first};
    const write = async () => {
      number += 1;
      const own = number;
      const pages = [0, 1, 2].map((place) => ({ ...pageOf(place, own), base: pageOf(place, own - 1).hash }));
      const references = pages.map(({ hash }) => hash);
      const key = 's' + own;
      let { missing } = await store.write(key, { manifest: Buffer.from(key), references, pages, basedOn: 's' + (own - 1) });
      if (missing.length > 0) say('missing ' + missing.length);
      say('state ' + own);
    };
    for (;;) {
      for (let i = 0; i < 6; i += 1) await write();
      const collection = await store.beginCollection();
      const keep = number - ${KEPT};
      say('forget ' + keep);
      const live = new Set(collection.candidates.filter((key) => Number(key.slice(1)) > keep));
      await Promise.all([collection.collect({ live }), write(), write()]);
      say('collected');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  return { child, lines };
}

test(`a process killed ${KILLS} times while it collects has lost nothing (KILL_SEED=${SEED})`, async () => {
  let word = SEED;
  let newest = 0;
  let forgotten = 0;
  let collections = 0;
  for (let round = 0; round < KILLS; round += 1) {
    const { child, lines } = startWriter(newest + 1);
    while (!lines.includes('open')) await new Promise((resolve) => setTimeout(resolve, 5));
    word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
    await new Promise((resolve) => setTimeout(resolve, 20 + (word % 400)));
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    await ended;
    const acknowledged: number[] = [];
    for (const line of lines) {
      const number = Number(line.split(' ')[1]);
      if (line.startsWith('state ')) acknowledged.push(number);
      if (line.startsWith('forget ')) forgotten = number;
      if (line === 'collected') collections += 1;
      expect(line).not.toContain('missing');
    }
    await using store = await openPagePacks(options());
    expect(store.notes).toEqual([]);
    for (const number of acknowledged.filter((each) => each > forgotten)) {
      const { manifest, references } = await store.readManifest(`s${number}`);
      expect(Buffer.from(manifest).toString()).toBe(`s${number}`);
      const read = await store.readPages(references);
      for (const [place, bytes] of read.entries())
        expect(Buffer.from(bytes).equals(pageOf(place, number).bytes)).toBe(true);
    }
    newest = Math.max(newest, ...acknowledged) + 3;
  }
  expect(collections).toBeGreaterThan(0);
  // A later collection completes what was cut off: nothing at all is left.
  await using store = await openPagePacks(options());
  await (await store.beginCollection()).collect({ live: new Set() });
  expect(await store.usage()).toMatchObject({ manifests: 0, pages: 0, packs: 0, bytes: 0 });
}, 120_000);
