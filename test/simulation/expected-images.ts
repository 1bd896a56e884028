import { strict as assert } from 'node:assert';
import type { RecordOf } from '../../src/ports/journal-record.js';

/** Who may need an image: a world, or a snapshot of one. */
interface Needing {
  readonly what: string;
  readonly image: string | null;
}

/** The base images that should be there. */
export class ExpectedImages {
  /** Content hashes by name. */
  readonly #named = new Map<string, string>();

  entries(): [name: string, hash: string][] {
    return [...this.#named];
  }

  has(hash: string): boolean {
    return [...this.#named.values()].includes(hash);
  }

  created({ name, hash }: RecordOf<'image.created'>): void {
    assert(!this.#named.has(name), `the name ${name} was free`);
    this.#named.set(name, hash);
  }

  /** The last name of its content goes only when nobody needs that. */
  removed({ name, hash }: RecordOf<'image.removed'>, needing: Iterable<Needing>): void {
    assert.equal(this.#named.get(name), hash, `image ${name} was there to be removed`);
    this.#named.delete(name);
    if (this.has(hash)) return;
    for (const { what, image } of needing) assert(image !== hash, `the image of ${what} is kept`);
  }
}
