import { strict as assert } from 'node:assert';
import type { RecordOf } from '../../src/ports/journal-record.js';

type Sizes = ReadonlyMap<string, number>;

/** Sizes of the files that should be in each state, by path. */
export class ExpectedFiles {
  readonly #ofStates = new Map<string, Sizes>();

  of(state: string): Sizes {
    return this.#ofStates.get(state) ?? new Map();
  }

  /** What runs in these simulations changes no files. */
  inherit(state: string, parent: string): void {
    this.#ofStates.set(state, this.of(parent));
  }

  edit({ state, parentState, changes }: RecordOf<'world.files-edited'>): void {
    const files = new Map(this.of(parentState));
    for (const { kind, path, sizeBytes } of changes) {
      if (kind === 'removed') assert(files.delete(path), `${path} was there to be removed`);
      else if (kind === 'written') files.set(path, sizeBytes ?? -1);
      else assert.fail(`nobody asks for ${kind}`);
    }
    this.#ofStates.set(state, files);
  }
}
