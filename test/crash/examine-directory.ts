import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { composeRuntime } from '../../src/compose.js';
import { rebuildCatalog } from '../../src/runtime/rebuild-catalog.js';
import { verifyJournal } from '../../src/runtime/verify-journal.js';
import { catalogRows } from '../support/catalog-rows.js';
import type { Witness } from './witness.js';

/** What a data directory took, bytes. */
export interface SizeSample {
  readonly kills: number;
  readonly entries: number;
  /** States that the runtime knows. */
  readonly states: number;
  readonly journal: number;
  readonly catalog: number;
  /** Pages, manifests, index and checkpoints: what collections have to bound. */
  readonly kept: number;
}

const MIB = 1024 * 1024;
/** What may be there besides pages of states: room that stores reserve, and garbage that waits for the next collection. */
const KEPT_SPARE = 24 * MIB;
const KEPT_A_STATE = 64 * 1024;
const JOURNAL_AN_ENTRY = 4 * 1024;
const CATALOG_SPARE = 32 * MIB;
const CATALOG_AN_ENTRY = 8 * 1024;

/**
 * Opens a data directory in this process, as the next daemon would, and examines all of it: memory and ledger against the
 * witness, the journal's chain against memory, the catalog against one that is rebuilt.
 */
export async function examineDirectory(
  dataDir: string,
  witness: Witness,
): Promise<Omit<SizeSample, 'kills'>> {
  const runtime = await composeRuntime({ dataDir, retention: { automatic: false } });
  try {
    await witness.read();
    const { context, storage } = runtime;
    witness.reference.compare(context);
    const { entries, missing, memoryIsSame } = await verifyJournal(context);
    assert.deepEqual(
      { entries, missing, memoryIsSame },
      { entries: witness.entries, missing: null, memoryIsSame: true },
    );
    const grown = await catalogRows(storage.catalog, 'meaning');
    await rebuildCatalog(context);
    assert.deepEqual(
      grown,
      await catalogRows(storage.catalog, 'meaning'),
      'the catalog is what the journal says',
    );
    const { kinds } = (await runtime.transport.call('du', {}, {})) as { kinds: Record<string, number> };
    const of = (...names: string[]): number => names.reduce((sum, name) => sum + (kinds[name] ?? 0), 0);
    assert.deepEqual(leftovers(dataDir), [], 'what unfinished writes left behind is removed');
    return {
      entries,
      states: context.model.states.size,
      journal: of('journal', 'journal archive'),
      catalog: of('catalog'),
      kept: of('packs', 'manifests', 'index', 'checkpoints'),
    };
  } finally {
    await runtime.close();
  }
}

function leftovers(dataDir: string): string[] {
  return ['journal', 'checkpoints', 'packs', 'states', 'images'].flatMap((folder) =>
    readdirSync(join(dataDir, folder)).filter((name) => name.endsWith('.tmp')),
  );
}

/** What grows without bound, in words; empty when nothing does. */
export function sizeFindings(samples: readonly SizeSample[]): string[] {
  return samples.flatMap(({ kills, entries, states, journal, catalog, kept }) => {
    const bounds = [
      ['journal', journal, MIB + entries * JOURNAL_AN_ENTRY],
      ['catalog', catalog, CATALOG_SPARE + entries * CATALOG_AN_ENTRY],
      ['what is kept of states', kept, KEPT_SPARE + states * KEPT_A_STATE],
    ] as const;
    return bounds.flatMap(([what, bytes, most]) =>
      bytes > most
        ? [`${what} takes ${bytes} bytes after ${kills} kills, ${entries} entries, ${states} states`]
        : [],
    );
  });
}
