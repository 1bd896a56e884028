import { strict as assert } from 'node:assert';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const COPIED = ['dist', 'guest', 'native/build', 'package.json'];

/** One line of a compiled file, and what stands there instead. */
export interface Patch {
  /** Below `dist`. */
  readonly file: string;
  readonly line: string;
  readonly becomes: string;
}

/** A copy of the compiled program, changed in a line or more. */
export class BrokenBuild implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'wr-broken-'));

  /** @throws AssertionError when a line is not there exactly once: the proof would prove nothing. */
  constructor(patches: readonly Patch[]) {
    try {
      this.#make(patches);
    } catch (thrown) {
      this[Symbol.dispose]();
      throw thrown;
    }
  }

  #make(patches: readonly Patch[]): void {
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'));
    for (const { file, line, becomes } of patches) {
      const path = join(this.folder, 'dist', file);
      const lines = readFileSync(path, 'utf8').split('\n');
      const places = lines.flatMap((text, at) => (text.trim() === line ? [at] : []));
      assert.equal(places.length, 1, `${file} has ${places.length} lines '${line}'`);
      lines[places[0] ?? 0] = becomes;
      writeFileSync(path, lines.join('\n'));
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
