import type { RuntimeContext } from './runtime-context.js';

/** Entries that wait for the catalog at most. */
const WAITING_MAX = 5_000;

/**
 * Empties the catalog and projects the whole journal again, archived segments included. Answers the number of entries
 * projected.
 *
 * @throws JOURNAL_INCOMPLETE when an archived segment is not there: then the catalog stays as it was.
 */
export async function rebuildCatalog(context: RuntimeContext): Promise<number> {
  const { catalog, journal } = context.parts;
  for await (const _ of journal.read()) break;
  await catalog.reset();
  let entries = 0;
  for await (const entry of journal.read()) {
    catalog.project(entry);
    entries += 1;
    if (entries % WAITING_MAX === 0) await catalog.flush();
  }
  await catalog.flush();
  return entries;
}
