import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../test/property/storage-faulty-files.js';
import { idOf, sampleHistory } from '../../test/property/storage-sample-journal.js';
import { ROOT_VERSE_ID } from '../multiverse/index.js';
import type { JournalRecord } from '../ports/journal-record.js';
import { openDataDirectory } from './data-directory.js';
import { openStorage, type Storage } from './open-storage.js';

let directory: string;
let root: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'storage-'));
  root = join(directory, 'data');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

const records = sampleHistory().records;
const deposit: JournalRecord = {
  op: 'ledger.applied',
  at: '2026-01-01T00:00:00.000000Z',
  ledger: [
    { kind: 'deposit', by: '@system', owner: 'bank', verse: ROOT_VERSE_ID, token: 'USD', amount: '1' },
  ],
};

async function appendAll(storage: Storage, list: readonly JournalRecord[]): Promise<void> {
  for (const record of list) await storage.journal.append(record);
}

async function tables(storage: Storage): Promise<unknown[]> {
  return storage.catalog.rows(
    `SELECT (SELECT count(*) FROM worlds) AS worlds, (SELECT count(*) FROM executions) AS executions,
      (SELECT string_agg(amount, ',' ORDER BY verse_id, owner) FROM balances) AS balances, (SELECT seq FROM projection) AS seq`,
    [],
  );
}

/** Starts a process that runs `body` with the compiled storage at hand; answers its lines of output. */
function startChild(body: string): { child: ChildProcess; lines: AsyncIterator<string> } {
  const module = new URL('../../dist/storage/open-storage.js', import.meta.url);
  const script = `import { openStorage } from ${JSON.stringify(module.href)};
    import { createHash } from 'node:crypto';
    const say = (text) => process.stdout.write(text + '\\n');
    try { ${body} } catch (error) { say(JSON.stringify({ code: error.code, details: error.details })); }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  children.push(child);
  return { child, lines: createInterface({ input: child.stdout! })[Symbol.asyncIterator]() };
}

describe('a data directory', () => {
  test('is laid out with a version and closed to others', async () => {
    await using storage = await openStorage(root);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(
      readdirSync(root)
        .filter((name) => !name.endsWith('.wal'))
        .sort(),
    ).toEqual([
      'FORMAT',
      'cache',
      'catalog.duckdb',
      'checkpoints',
      'exports',
      'images',
      'index',
      'journal',
      'packs',
      'states',
    ]);
    expect(readFileSync(join(root, 'FORMAT'), 'utf8')).toBe('world-runtime data directory\nversion 1\n');
    expect(statSync(join(root, 'journal', '000001.wrj')).mode & 0o777).toBe(0o600);
    expect(storage.notes).toEqual([]);
  });

  test('of another version is refused and left as it was', async () => {
    mkdirSync(root);
    writeFileSync(join(root, 'FORMAT'), 'world-runtime data directory\nversion 2\n');
    await expect(openStorage(root)).rejects.toMatchObject({
      code: 'DATA_DIR_VERSION',
      details: { found: '2' },
    });
    writeFileSync(join(root, 'FORMAT'), 'something else');
    await expect(openStorage(root)).rejects.toMatchObject({ code: 'DATA_DIR_VERSION' });
    writeFileSync(join(root, 'FORMAT'), 'x'.repeat(1000));
    await expect(openStorage(root)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(readdirSync(root)).toEqual(['FORMAT']);
  });

  test('is never made of a directory that holds something else', async () => {
    writeFileSync(join(directory, 'thesis.txt'), 'x');
    await expect(openStorage(directory)).rejects.toMatchObject({
      code: 'DATA_DIR_VERSION',
      details: { found: 'thesis.txt' },
    });
    expect(readdirSync(directory)).toEqual(['thesis.txt']);
    await expect(openStorage(join(directory, 'thesis.txt'))).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
  });

  test('that was being created when the process died is completed', async () => {
    mkdirSync(join(root, 'journal'), { recursive: true });
    writeFileSync(join(root, 'FORMAT.tmp'), 'wor');
    await using storage = await openStorage(root);
    expect((await storage.journal.append(deposit)).seq).toBe(1);
    expect(readdirSync(root)).not.toContain('FORMAT.tmp');
  });

  test.each(['ENOSPC', 'EROFS', 'EACCES'])(
    'on a disk that answers %s is STORAGE_FAILED with advice, and nothing stays open',
    async (code) => {
      for (const call of ['makeDirectory', 'write', 'rename', 'syncDirectory'] as const) {
        const fileOps = new FaultyFiles();
        fileOps.fault = (each) => (each.call === call ? { kind: 'error', code } : null);
        const path = join(directory, call);
        await expect(openStorage(path, { fileOps })).rejects.toMatchObject({
          code: 'STORAGE_FAILED',
          details: { errno: code },
        });
        await (await openStorage(path))[Symbol.asyncDispose]();
      }
    },
  );

  test('without the right to write is STORAGE_FAILED', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'the superuser may write everywhere');
    mkdirSync(root);
    chmodSync(root, 0o500);
    await expect(openStorage(root)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });

  test('remembers the current world', async () => {
    await using storage = await openStorage(root);
    expect(storage.currentWorld.get()).toBeNull();
    storage.currentWorld.set(idOf('world', 7));
    storage.currentWorld.set(idOf('world', 8));
    expect(storage.currentWorld.get()).toBe(idOf('world', 8));
    writeFileSync(join(root, 'current'), 'nonsense');
    expect(storage.currentWorld.get()).toBeNull();
  });
});

describe('the lock', () => {
  test('the same directory twice in one process is refused at once, and free after closing', async () => {
    const storage = await openStorage(root);
    const start = performance.now();
    await expect(openStorage(`${root}/../data`)).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      details: { pid: process.pid },
    });
    expect(performance.now() - start).toBeLessThan(1000);
    await storage[Symbol.asyncDispose]();
    await (await openStorage(root))[Symbol.asyncDispose]();
  });

  test('another process waits, and then names the holder', async () => {
    await using storage = await openStorage(root);
    await storage.journal.append(deposit);
    const { lines } = startChild(`await openStorage(${JSON.stringify(root)}, { waitMs: 300 });`);
    const answer = JSON.parse((await lines.next()).value) as unknown;
    expect(answer).toMatchObject({ code: 'DATA_DIR_LOCKED', details: { pid: process.pid } });
  });

  test('a directory that becomes free while one waits is opened; a dead holder holds nothing', async () => {
    const { child, lines } = startChild(`
      const storage = await openStorage(${JSON.stringify(root)});
      say('open');
      setInterval(() => {}, 1000);`);
    expect((await lines.next()).value).toBe('open');
    await expect(openStorage(root, { waitMs: 0 })).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      details: { pid: child.pid },
    });
    setTimeout(() => child.kill('SIGKILL'), 300);
    await using storage = await openStorage(root, { waitMs: 10_000 });
    expect(storage.journal.lastSeq).toBe(0);
  });

  test('waiting can be aborted', async () => {
    const { lines } = startChild(
      `await openStorage(${JSON.stringify(root)}); say('open'); setInterval(() => {}, 1000);`,
    );
    expect((await lines.next()).value).toBe('open');
    const start = performance.now();
    await expect(openDataDirectory(root, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('the stores together', () => {
  test('what is durable in the journal reaches the catalog, lazy records too', async () => {
    await using storage = await openStorage(root);
    await appendAll(storage, records.slice(0, 3));
    storage.journal.appendLazily(records[3]!);
    await storage.journal.append(records[4]!);
    expect(await tables(storage)).toMatchObject([{ worlds: '1', executions: '1', seq: '5' }]);
  });

  test('a catalog that is behind, ahead, of another journal, or gone is put right', async () => {
    let expected: unknown;
    {
      await using storage = await openStorage(root);
      await appendAll(storage, records);
      expected = await tables(storage);
    }
    const catalogs = join(directory, 'catalogs');
    mkdirSync(catalogs);
    {
      await using other = await openStorage(join(directory, 'other'));
      await appendAll(other, [...records, records.find(({ op }) => op === 'world.rewound')!]);
      await other.catalog.flush();
    }
    {
      await using short = await openStorage(join(directory, 'short'));
      await appendAll(short, records.slice(0, 9));
      await short.catalog.flush();
    }
    for (const [from, rebuilt] of [
      ['other', true],
      ['short', false],
      [null, false],
    ] as const) {
      for (const ending of ['', '.wal']) {
        rmSync(join(root, `catalog.duckdb${ending}`), { force: true });
        const source = from && join(directory, from, `catalog.duckdb${ending}`);
        if (source && readdirSync(join(directory, from)).includes(`catalog.duckdb${ending}`)) {
          writeFileSync(join(root, `catalog.duckdb${ending}`), readFileSync(source));
        }
      }
      await using storage = await openStorage(root);
      expect(await tables(storage)).toEqual(expected);
      expect(storage.notes.some((note) => note.includes('rebuilt'))).toBe(rebuilt);
    }
  });

  test('a torn journal is noted', async () => {
    {
      await using storage = await openStorage(root);
      await storage.journal.append(deposit);
    }
    const path = join(root, 'journal', '000001.wrj');
    writeFileSync(path, readFileSync(path).subarray(0, -3));
    await using storage = await openStorage(root);
    expect(storage.notes.join()).toMatch(/cut off/);
    expect(storage.journal.lastSeq).toBe(0);
  });

  test('a damaged journal keeps the directory closed but not locked', async () => {
    {
      await using storage = await openStorage(root);
      await appendAll(storage, records.slice(0, 3));
    }
    const path = join(root, 'journal', '000001.wrj');
    const bytes = readFileSync(path);
    bytes[40] = 0xff;
    writeFileSync(path, bytes);
    for (let time = 0; time < 2; time += 1)
      await expect(openStorage(root)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });
});

describe('kill -9', () => {
  const seed = Number(process.env['STORAGE_SEED'] ?? 20_260_101);

  test(`five times at random moments (STORAGE_SEED=${seed}) loses nothing acknowledged`, async () => {
    const acknowledged: string[] = [];
    const states = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const { child, lines } = startChild(childWriter(root, round));
      const delayMs = (Math.imul(seed + round, 2_654_435_761) >>> 0) % 400;
      const first = JSON.parse((await lines.next()).value) as { seq: number; notes: string[] };
      expect(first.seq).toBeGreaterThanOrEqual(acknowledged.length);
      setTimeout(() => child.kill('SIGKILL'), delayMs);
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        const [kind, key, hash] = line.value.split(' ') as [string, string, string];
        if (kind === 'state') states.add(key);
        else acknowledged[Number(key) - 1] = hash;
      }
    }
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(states.size).toBeGreaterThan(0);
    await using storage = await openStorage(root);
    const hashes: string[] = [];
    for await (const entry of storage.journal.read()) hashes.push(entry.hash);
    for (const [index, hash] of acknowledged.entries())
      if (hash !== undefined) expect(hashes[index]).toBe(hash);
    for (const key of states) {
      const listed = Buffer.from((await storage.pages.readManifest(key)).manifest)
        .toString()
        .split('\n');
      expect(await storage.pages.readPages(listed)).toHaveLength(listed.length);
    }
    await storage.catalog.flush();
    expect(storage.catalog.projectedSeq).toBe(hashes.length);
    const [row] = await storage.catalog.rows(
      'SELECT sum(amount::BIGNUM)::VARCHAR AS total FROM balances',
      [],
    );
    expect(row?.['total']).toBe(String(hashes.length));
  });
});

/** Appends deposits of 1, several at a time, and stores pages, saying what was acknowledged. */
function childWriter(path: string, round: number): string {
  return `
    const storage = await openStorage(${JSON.stringify(path)});
    say(JSON.stringify({ seq: storage.journal.lastSeq, notes: storage.notes }));
    const record = ${JSON.stringify(deposit)};
    const append = async () => { for (;;) { const { seq, hash } = await storage.journal.append(record); say('entry ' + seq + ' ' + hash); } };
    const store = async () => {
      for (let number = 0; ; number += 1) {
        const pages = [0, 1, 2].map((index) => {
          const bytes = Buffer.alloc(4096, number + index + ${round * 1000});
          bytes.writeUInt32LE(number + index + ${round * 1000}, 0);
          return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
        });
        const references = pages.map(({ hash }) => hash);
        await storage.pages.write('s${round}-' + number, { manifest: Buffer.from(references.join('\\n')), references, pages });
        say('state s${round}-' + number);
      }
    };
    await Promise.all([append(), append(), append(), store()]);`;
}

test('a page that repeats itself takes little room', async () => {
  await using storage = await openStorage(root);
  const bytes = Buffer.alloc(4096, 'abcdefgh');
  const hash = createHash('sha256').update(bytes).digest('hex');
  await storage.pages.write('s', {
    manifest: Buffer.from(hash),
    references: [hash],
    pages: [{ hash, bytes }],
  });
  const [pack] = readdirSync(join(root, 'packs'));
  expect(statSync(join(root, 'packs', pack!)).size).toBeLessThan(512);
});
