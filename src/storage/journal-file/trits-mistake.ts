import { gf3Sum } from '../../model/trit.js';
import type { JournalRecord } from '../../ports/journal-record.js';

/** What is wrong with the sum of trits that a branch recorded, or null: it is the sum of its children's, modulo 3. */
export function tritsMistake(record: JournalRecord): string | null {
  if (record.op !== 'world.branched' && record.op !== 'world.pushed-down') return null;
  const sum = gf3Sum(record.children.map(({ identity }) => identity.trit));
  if (sum === record.gf3Sum) return null;
  return `it says that its trits sum to ${record.gf3Sum} modulo 3, but those of its children sum to ${sum}`;
}
