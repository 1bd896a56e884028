import { strict as assert } from 'node:assert';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorldError } from '../../src/model/world-error.js';
import { openCheckpointFiles } from '../../src/storage/checkpoint-files/checkpoint-files.js';
import { openJournalFile } from '../../src/storage/journal-file/journal-file.js';
import { openPagePacks } from '../../src/storage/page-packs/page-packs.js';
import { PowerLossFiles } from '../property/storage-power-loss-files.js';
import { idOf, timeOf } from '../property/storage-sample-journal.js';
import type { Case, Fuzzer } from './fuzzer.js';
import { mutated } from './mutate.js';

/** Files by path: everything that one store has. */
type Files = ReadonlyMap<string, Buffer>;

/** What reading a store gave, by what was asked for; the name of an error where it refused. */
type Content = ReadonlyMap<string, string>;

interface Store {
  readonly name: string;
  readonly files: Files;
  /** Everything in it. @throws WorldError when it cannot be opened */
  read(disk: PowerLossFiles): Promise<Content>;
}

/** What a damaged store may say. */
const NAMED = new Set([
  'JOURNAL_CORRUPT',
  'JOURNAL_INCOMPLETE',
  'DATA_DIR_VERSION',
  'STORAGE_FAILED',
  'PAGE_CORRUPT',
  'STATE_LOST',
]);
const GOLDEN = fileURLToPath(new URL('../../src/storage/golden', import.meta.url));
const STATES = 8;

/**
 * Readers of the journal, checkpoints, packs and manifests, over golden files and fresh ones of which one is damaged. `change` is
 * done to what they read: a fault to be found.
 */
export async function fuzzStores(
  change: (content: Content) => Content = (content) => content,
): Promise<Fuzzer> {
  const scratch = mkdtempSync(join(tmpdir(), 'fuzz-stores-'));
  let opened = 0;
  const index = (): string => {
    opened += 1;
    return join(scratch, String(opened));
  };
  const stores = await allStores(index);
  const contents = new Map<Store, Content>();
  for (const store of stores) contents.set(store, await store.read(await diskOf(store.files)));
  return {
    name: 'stores',
    async run({ random, saw }: Case) {
      const store = random.pick(stores);
      const path = random.pick([...store.files.keys()]);
      const damaged = new Map(store.files).set(
        path,
        mutated(random, store.files.get(path) ?? Buffer.alloc(0)),
      );
      await readDamaged(store, {
        disk: await diskOf(damaged),
        whole: contents.get(store) ?? new Map(),
        saw,
        change,
      });
      for (const name of readdirSync(scratch)) rmSync(join(scratch, name), { recursive: true, force: true });
    },
    async [Symbol.asyncDispose]() {
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

interface Damaged {
  readonly disk: PowerLossFiles;
  /** What there was before the damage. */
  readonly whole: Content;
  readonly saw: Case['saw'];
  readonly change: (content: Content) => Content;
}

async function readDamaged(store: Store, { disk, whole, saw, change }: Damaged): Promise<void> {
  let found: Content;
  try {
    found = change(await store.read(disk));
  } catch (thrown) {
    requireNamed(thrown);
    saw(`${store.name} not opened`);
    return;
  }
  let refused = 0;
  for (const [what, content] of found) {
    if (content.startsWith('error ')) refused += 1;
    else assert.equal(content, whole.get(what), `${what} of ${store.name} is what was written, or refused`);
  }
  // A journal that ends at a whole entry looks like one that never had more. Checkpoints only save time.
  if (refused === 0 && !store.name.endsWith('checkpoints'))
    requirePrefix(store, [...found.keys()], [...whole.keys()]);
  saw(
    refused > 0
      ? `${store.name} refused in part`
      : found.size < whole.size
        ? `${store.name} shorter`
        : `${store.name} read`,
  );
}

function requirePrefix({ name }: Store, found: readonly string[], whole: readonly string[]): void {
  assert.deepEqual(found, whole.slice(0, found.length), `nothing is missing in the middle of ${name}`);
  if (!/journal|segments/.test(name))
    assert.equal(found.length, whole.length, `${name} answers for every state`);
}

function requireNamed(thrown: unknown): void {
  if (!(thrown instanceof WorldError)) throw thrown;
  assert(NAMED.has(thrown.code), `${thrown.code}: ${thrown.message}`);
}

async function diskOf(files: Files): Promise<PowerLossFiles> {
  const disk = new PowerLossFiles(() => 0);
  for (const [path, bytes] of files) {
    const file = await disk.open(path, 'create');
    await file.write(bytes, 0);
  }
  return disk;
}

/** The files below a folder of the real disk, as if it were `at`. */
function goldenFiles(folder: string, at: string): [string, Buffer][] {
  const root = join(GOLDEN, folder);
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => [join(at, relative(root, path)), readFileSync(path)]);
}

async function allStores(index: () => string): Promise<Store[]> {
  const packs = (name: string, files: Files): Store => ({
    name,
    files,
    read: (disk) => readPacks(disk, index(), [...files.keys()]),
  });
  const journal = (name: string, files: Files): Store => ({ name, files, read: readJournal });
  const checkpoints = (name: string, files: Files): Store => ({ name, files, read: readCheckpoints });
  return [
    journal('fresh journal', await freshJournal()),
    journal('golden journal', new Map(goldenFiles('v1/history', '/journal'))),
    journal('golden segments', new Map(goldenFiles('v2/journal', '/journal'))),
    checkpoints('fresh checkpoints', await freshCheckpoints()),
    checkpoints('golden checkpoints', new Map(goldenFiles('v2/checkpoints', '/checkpoints'))),
    packs('fresh packs', await freshPacks(index())),
    packs(
      'golden packs',
      new Map([...goldenFiles('packs-v2/packs', '/packs'), ...goldenFiles('packs-v2/states', '/states')]),
    ),
    packs(
      'oldest packs',
      new Map([...goldenFiles('v1/packs', '/packs'), ...goldenFiles('v1/states', '/states')]),
    ),
  ];
}

async function readJournal(disk: PowerLossFiles): Promise<Content> {
  const content = new Map<string, string>();
  await using journal = await openJournalFile('/journal', { fileOps: disk });
  try {
    for await (const { seq, hash, record } of journal.read())
      content.set(`entry ${seq}`, `${hash} ${JSON.stringify(record)}`);
  } catch (thrown) {
    content.set('the rest', errorText(thrown));
  }
  if (journal.tornTail !== null)
    content.set('the tail', `error ${journal.tornTail.bytes} bytes were cut off`);
  return content;
}

async function readCheckpoints(disk: PowerLossFiles): Promise<Content> {
  const content = new Map<string, string>();
  const checkpoints = await openCheckpointFiles('/checkpoints', { fileOps: disk });
  for await (const { seq, hash, lines } of checkpoints.newest()) {
    content.set(`checkpoint ${seq}`, `${hash}\n${[...lines].join('\n')}`);
  }
  return content;
}

async function readPacks(disk: PowerLossFiles, index: string, paths: readonly string[]): Promise<Content> {
  const content = new Map<string, string>();
  await using store = await openPagePacks({ packs: '/packs', states: '/states', index, fileOps: disk });
  const keys = paths.flatMap((path) => /^\/states\/(.*)\.wrs$/.exec(path)?.[1] ?? []);
  for (const key of keys) {
    try {
      const { manifest, references } = await store.readManifest(key);
      const hash = createHash('sha256').update(manifest);
      for (const bytes of await store.readPages(references)) hash.update(bytes);
      content.set(key, `${references.join()} ${hash.digest('hex')}`);
    } catch (thrown) {
      content.set(key, errorText(thrown));
    }
  }
  return content;
}

function errorText(thrown: unknown): string {
  requireNamed(thrown);
  return `error ${String(thrown)}`;
}

async function freshJournal(): Promise<Files> {
  const disk = new PowerLossFiles(() => 0);
  await using journal = await openJournalFile('/journal', { fileOps: disk, segmentBytes: 700 });
  for (let n = 1; n <= 20; n += 1) {
    await journal.append({
      op: 'state.rooted',
      at: timeOf(n),
      state: idOf('state', n),
      root: 'ab'.repeat(n),
    });
  }
  return filesOf(disk, ['/journal']);
}

async function freshCheckpoints(): Promise<Files> {
  const disk = new PowerLossFiles(() => 0);
  const checkpoints = await openCheckpointFiles('/checkpoints', { fileOps: disk });
  for (const seq of [5, 9]) {
    await checkpoints.write(
      { seq, hash: 'cd'.repeat(32) },
      Array.from({ length: 30 }, (_, n) => `{"line":${n * seq}}`),
    );
  }
  return filesOf(disk, ['/checkpoints']);
}

/** States of which each has half of its pages from the one before, most of them as differences. */
async function freshPacks(index: string): Promise<Files> {
  const disk = new PowerLossFiles(() => 0);
  await using store = await openPagePacks({ packs: '/packs', states: '/states', index, fileOps: disk });
  for (let n = 1; n <= STATES; n += 1) {
    const pages = [page(n - 1), page(n)];
    const references = pages.map(({ hash }) => hash);
    const basedOn = n > 1 ? { basedOn: `state-${n - 1}` } : {};
    const last = { ...pages[1]!, ...(n > 1 ? { base: references[0]! } : {}) };
    await store.write(`state-${n}`, {
      manifest: Buffer.from(`state ${n}`),
      references,
      pages: [pages[0]!, last],
      ...basedOn,
    });
  }
  return filesOf(disk, ['/packs', '/states']);
}

function page(number: number): { hash: string; bytes: Uint8Array } {
  const bytes = Buffer.alloc(4096, 'the same in all of them ');
  bytes.writeUInt32LE(number + 1, (number * 64) % 4096);
  return { hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

async function filesOf(disk: PowerLossFiles, folders: readonly string[]): Promise<Files> {
  const files = new Map<string, Buffer>();
  for (const folder of folders) {
    for (const name of await disk.list(folder)) {
      const path = `${folder}/${name}`;
      const file = await disk.open(path, 'read');
      const bytes = Buffer.alloc(await file.sizeBytes());
      await file.read(bytes, 0);
      files.set(path, bytes);
    }
  }
  return files;
}
