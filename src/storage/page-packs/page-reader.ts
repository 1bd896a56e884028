import { WorldError } from '../../model/world-error.js';
import { PAGE_BYTES, type PageHash } from '../../ports/page-store.js';
import type { FileOps } from '../file-ops.js';
import { baseOfEntry, decodeEntry, ZERO_HASH } from './page-codec.js';
import { type DamagedPage, readEntries, type Wanted } from './read-entries.js';
import type { StoredPacks } from './stored-packs.js';

/** How often a read looks again where its pages are: packs may be rewritten meanwhile. */
const LOOKS_MAX = 8;
/** Damaged pages, and manifests that need them, that an error lists. */
const LISTED_MAX = 100;

export interface ReadPages {
  readonly pages: ReadonlyMap<PageHash, Uint8Array>;
  /** Those that cannot be read, and why. */
  readonly damaged: readonly DamagedPage[];
}

/** Reads pages and what they are differences to, and checks each of them against its hash. */
export async function readPages(
  fileOps: FileOps,
  packs: StoredPacks,
  hashes: Iterable<PageHash>,
): Promise<ReadPages> {
  const entries = new Map<PageHash, Buffer>();
  const damage = new Map<PageHash, DamagedPage>();
  const pages = new Map<PageHash, Uint8Array>();
  const asked = new Set(hashes);
  if (asked.delete(ZERO_HASH)) pages.set(ZERO_HASH, new Uint8Array(PAGE_BYTES));
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const left = [...asked].filter((hash) => !pages.has(hash));
    const wanted = wantedEntries(packs, left, entries, damage);
    const failed = await readEntries(fileOps, wanted, entries);
    for (const hash of left) decode(packs, hash, { entries, pages, failed });
    if (failed.length === 0) break;
    // A pack that is gone may have been rewritten since its name was looked up; else another pack may have a copy.
    const isMoved = failed.some(
      ({ hash, pack, isPackGone }) =>
        isPackGone === true && packs.find(hash) !== null && pathOf(packs, hash) !== pack,
    );
    for (const page of failed) damage.set(page.hash, page);
    if (!isMoved) {
      const copies = await packs.findCopies(failed);
      for (const page of failed) if (!copies.has(page.hash)) packs.noteDamage(page);
      if (copies.size === 0) break;
    }
    for (const page of failed) entries.delete(page.hash);
  }
  const damaged = [...asked].flatMap((hash) => {
    if (pages.has(hash)) return [];
    return [blame(packs, hash, damage)];
  });
  return { pages, damaged };
}

function pathOf(packs: StoredPacks, hash: PageHash): string | null {
  const page = packs.find(hash);
  return page && packs.path(page.pack.name);
}

/** The entries still to be read for pages and all they are differences to. */
function wantedEntries(
  packs: StoredPacks,
  hashes: readonly PageHash[],
  have: ReadonlyMap<PageHash, Buffer>,
  damage: Map<PageHash, DamagedPage>,
): Wanted[] {
  const wanted = new Map<PageHash, Wanted>();
  for (const hash of hashes) {
    const chain = packs.chain(hash);
    if (chain.missing !== null) {
      damage.set(
        chain.missing,
        packs.damageOf(chain.missing) ?? { hash: chain.missing, pack: null, reason: 'it is in no pack' },
      );
    }
    for (const { hash: each, place, pack } of chain.pages) {
      if (have.has(each) || wanted.has(each)) continue;
      wanted.set(each, {
        hash: each,
        pack: packs.path(pack.name),
        offset: place.offset,
        entryBytes: place.entryBytes,
      });
    }
  }
  return [...wanted.values()];
}

interface Decoding {
  readonly entries: ReadonlyMap<PageHash, Buffer>;
  readonly pages: Map<PageHash, Uint8Array>;
  readonly failed: DamagedPage[];
}

/** Puts the page into `pages`, and those below it; what does not have its hash goes to `failed`. */
function decode(packs: StoredPacks, hash: PageHash, { entries, pages, failed }: Decoding): Uint8Array | null {
  const done = pages.get(hash);
  if (done) return done;
  // Downwards first: a chain is short, but a wrong one could be a circle.
  const chain: { hash: PageHash; entry: Buffer }[] = [];
  let next: PageHash | null = hash;
  while (next !== null && !pages.has(next)) {
    const entry = entries.get(next);
    if (entry === undefined || chain.some((each) => each.hash === next)) return null;
    chain.push({ hash: next, entry });
    next = baseOfEntry(entry);
  }
  let base = next === null ? null : (pages.get(next) ?? null);
  for (const { hash: each, entry } of chain.reverse()) {
    const page: Uint8Array | { readonly reason: string } = decodeEntry(entry, each, base);
    if (!(page instanceof Uint8Array)) {
      failed.push({ hash: each, pack: pathOf(packs, each), reason: page.reason });
      return null;
    }
    pages.set(each, page);
    base = page;
  }
  return base;
}

/** Which page of its chain keeps one from being read. */
function blame(packs: StoredPacks, hash: PageHash, damage: ReadonlyMap<PageHash, DamagedPage>): DamagedPage {
  const own = packs.damageOf(hash) ?? damage.get(hash);
  if (own) return { ...own, pack: own.pack ?? pathOf(packs, hash) };
  const chain = packs.chain(hash);
  const below = [...chain.pages.map((page) => page.hash), ...(chain.missing === null ? [] : [chain.missing])];
  for (const each of below) {
    const found = packs.damageOf(each) ?? damage.get(each);
    if (!found) continue;
    const reason = `it is a difference to the page ${each}, and that cannot be read: ${found.reason}`;
    return { hash, pack: found.pack ?? pathOf(packs, each), reason };
  }
  return { hash, pack: null, reason: 'it is in no pack' };
}

/** Says what is lost: pages, their packs, and the manifests that need them. */
export function pageCorrupt(
  packs: StoredPacks,
  damaged: readonly DamagedPage[],
  manifests: readonly string[],
): WorldError {
  const keys = new Map([...packs.rows].map((row) => [packs.path(row.name), row.key]));
  const listed = damaged.map(({ hash, pack, reason }) => ({
    hash,
    pack,
    reason,
    state: (pack === null ? null : keys.get(pack)) ?? null,
  }));
  const [first] = listed;
  const where = first?.pack ? ` in ${first.pack}` : '';
  const state = first?.state ? ` (written for state ${first.state})` : '';
  const more = listed.length > 1 ? `, and ${listed.length - 1} more pages` : '';
  const needed =
    manifests.length > 0 ? ` Needed by ${manifests.slice(0, 3).join(', ')}${ellipsis(manifests)}.` : '';
  return new WorldError(
    'PAGE_CORRUPT',
    `Page ${first?.hash}${where}${state} cannot be read: ${first?.reason}${more}.${needed} Other pages are not affected; ` +
      'rewind to another snapshot or restore the pack from a backup.',
    {
      details: {
        pages: listed.slice(0, LISTED_MAX),
        pagesTotal: listed.length,
        manifests: manifests.slice(0, LISTED_MAX),
        manifestsTotal: manifests.length,
      },
    },
  );
}

function ellipsis(manifests: readonly string[]): string {
  return manifests.length > 3 ? ` and ${manifests.length - 3} more` : '';
}
