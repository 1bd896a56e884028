import { type Check, fail, ok, warn } from './check.js';

/** A page store that can read itself through. */
export interface ExaminablePages {
  examine(signal?: AbortSignal): Promise<{
    readonly packs: number;
    readonly pages: number;
    readonly manifests: number;
    readonly damagedPages: readonly {
      readonly hash: string;
      readonly pack: string | null;
      readonly reason: string;
    }[];
    readonly damagedManifests: readonly { readonly key: string; readonly reason: string }[];
    readonly notes: readonly string[];
  }>;
}

/** Damaged things that are listed one by one. */
const LISTED_MAX = 20;

/** `wr doctor --pages`: reads every page and every manifest, and names what is damaged. */
export async function pagesChecks(
  pages: ExaminablePages | undefined,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  if (pages === undefined) return [warn('pages', 'this runtime keeps none that could be read through')];
  try {
    const found = await pages.examine(signal);
    const { damagedPages, damagedManifests, notes } = found;
    const counts = `${found.pages} pages in ${found.packs} packs and ${found.manifests} states were read`;
    if (damagedPages.length + damagedManifests.length === 0) {
      return [
        ok('pages', `${counts}; all are as they were written`),
        ...notes.map((note) => warn('pages', note)),
      ];
    }
    return [
      fail(
        'pages',
        `${counts}; ${damagedPages.length} pages and ${damagedManifests.length} states are damaged`,
      ),
      ...damagedPages
        .slice(0, LISTED_MAX)
        .map(({ hash, pack, reason }) => fail('page', `${hash}${pack ? ` in ${pack}` : ''}: ${reason}`)),
      ...damagedManifests.slice(0, LISTED_MAX).map(({ key, reason }) => fail('state', `${key}: ${reason}`)),
    ];
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return [fail('pages', thrown)];
  }
}
