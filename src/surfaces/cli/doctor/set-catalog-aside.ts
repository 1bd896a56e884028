import { rename } from 'node:fs/promises';
import { join } from 'node:path';

/** The catalog's file and the one that DuckDB keeps beside it. */
const FILES = ['catalog.duckdb', 'catalog.duckdb.wal'] as const;
const ENDING = '.damaged';

/** A catalog under another name; the next open makes a new one from the journal. */
export interface SetAside {
  readonly path: string;
  /** Gives the files their names back. */
  undo(): Promise<void>;
}

/**
 * Renames a catalog that cannot be opened. Nothing is lost by it: the catalog is a projection of the journal. An
 * older one that was set aside is replaced. Null when there is no catalog.
 */
export async function setCatalogAside(dataDir: string): Promise<SetAside | null> {
  const moved: string[] = [];
  for (const name of FILES) {
    const path = join(dataDir, name);
    if (await movedTo(path, path + ENDING)) moved.push(path);
  }
  const [path] = moved;
  if (path === undefined) return null;
  return {
    path: path + ENDING,
    undo: async () => {
      for (const one of moved) await movedTo(one + ENDING, one);
    },
  };
}

async function movedTo(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return false;
    throw thrown;
  }
}
