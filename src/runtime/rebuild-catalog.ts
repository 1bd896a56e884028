import type { RuntimeContext } from './runtime-context.js';

/** Empties the catalog and projects the whole journal again. Answers the number of entries projected. */
export async function rebuildCatalog(context: RuntimeContext): Promise<number> {
  const { catalog, journal } = context.parts;
  await catalog.reset();
  let entries = 0;
  for await (const entry of journal.read()) {
    catalog.project(entry);
    entries += 1;
  }
  await catalog.flush();
  return entries;
}
