import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JournalRecord } from '../../src/ports/journal-record.js';
import { PAGE_BYTES } from '../../src/ports/page-store.js';
import { openJournalFile } from '../../src/storage/journal-file/journal-file.js';
import { openPagePacks } from '../../src/storage/page-packs/page-packs.js';
import { PowerLossFiles, type Promises } from './storage-power-loss-files.js';
import { idOf } from './storage-sample-journal.js';

/** Runs; a failure prints the seed and the path with which fast-check runs it again. */
const RUNS = 300;

/** Mulberry32: the losses of one run come from one number. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const record = (number: number): JournalRecord => ({
  op: 'state.rooted',
  at: '2026-01-01T00:00:00.000000Z',
  state: idOf('state', number),
  root: 'x'.repeat(number % 300),
});

interface Plan {
  readonly seed: number;
  /** Size at which the journal begins another segment. */
  readonly segmentBytes: number;
  /** Rounds between two losses of power: sizes of the batches appended (0: archive), and the call after which power goes. */
  readonly rounds: readonly { readonly batches: readonly number[]; readonly crashAfter: number }[];
}

const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  segmentBytes: fc.constantFrom(1, 300, 1000, 1_000_000),
  rounds: fc.array(
    fc.record({
      batches: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 8 }),
      crashAfter: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 30, max: 150 })),
    }),
    { minLength: 1, maxLength: 4 },
  ),
});

let crashesMidway = 0;
let acknowledgedTotal = 0;
let archivedTotal = 0;

/** Appends, loses power, opens again; answers what went wrong, or null. */
async function journalSurvives(
  { seed, segmentBytes, rounds }: Plan,
  promises?: Promises,
): Promise<string | null> {
  const files = new PowerLossFiles(randomFrom(seed), promises);
  const acknowledged: string[] = [];
  for (const { batches, crashAfter } of rounds) {
    files.crashAfter = crashAfter;
    try {
      await using journal = await openJournalFile('/j', { fileOps: files, segmentBytes });
      for (const size of batches) {
        if (size === 0) {
          const { moved } = await journal.archiveBefore(journal.lastSeq);
          archivedTotal += moved.length;
          continue;
        }
        const appended = await Promise.allSettled(
          Array.from({ length: size }, (_, index) => journal.append(record(acknowledged.length * 7 + index))),
        );
        for (const each of appended)
          if (each.status === 'fulfilled') acknowledged[each.value.seq - 1] = each.value.hash;
        if (appended.some(({ status }) => status === 'rejected')) crashesMidway += 1;
      }
    } catch (thrown) {
      if (!String(thrown).includes('power')) return `reopening failed: ${String(thrown)}`;
    }
    files.losePower();
  }
  try {
    await using journal = await openJournalFile('/j', { fileOps: files });
    let seq = 0;
    for await (const entry of journal.read()) {
      const expected = acknowledged[seq];
      if (expected !== undefined && entry.hash !== expected) return `entry ${seq + 1} is another one`;
      seq += 1;
    }
    acknowledgedTotal += acknowledged.length;
    return seq >= acknowledged.length
      ? null
      : `of ${acknowledged.length} acknowledged entries ${seq} are left`;
  } catch (thrown) {
    return `reopening failed: ${String(thrown)}`;
  }
}

const HONEST: Promises = { fileSync: true, directorySync: true };

describe('a journal that loses power', () => {
  test('keeps every acknowledged entry and can be opened and continued', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (each) => {
        expect(await journalSurvives(each)).toBeNull();
      }),
      { numRuns: RUNS },
    );
    expect(crashesMidway).toBeGreaterThan(RUNS / 20);
    expect(acknowledgedTotal).toBeGreaterThan(RUNS);
    expect(archivedTotal).toBeGreaterThan(RUNS / 5);
  });

  test.each([
    ['files are not synced', { ...HONEST, fileSync: false }],
    ['the directory is not synced', { ...HONEST, directorySync: false }],
  ])('the check notices when %s (planted)', async (_, promises) => {
    const found = await fc.check(
      fc.asyncProperty(plan, async (each) => (await journalSurvives(each, promises)) === null),
      { numRuns: RUNS },
    );
    expect(found.failed).toBe(true);
  });
});

function page(number: number): { hash: string; bytes: Uint8Array } {
  const bytes = Buffer.alloc(PAGE_BYTES);
  bytes.writeUInt32LE(number + 1, (number * 4) % PAGE_BYTES);
  return { hash: createHash('sha256').update(bytes).digest('hex'), bytes };
}

let manifestsKept = 0;
let manifestsCollected = 0;

/** Stores states, loses power, opens again: each manifest that reads back must have all its pages. */
async function packsSurvive({ seed, rounds }: Plan, promises?: Promises): Promise<string | null> {
  const files = new PowerLossFiles(randomFrom(seed), promises);
  // The index is on the real disk, where it is always ahead of what the power loss left.
  const index = mkdtempSync(join(tmpdir(), 'power-loss-'));
  const acknowledged = new Set<string>();
  const attempted = new Map<string, string[]>();
  let number = 0;
  for (const { batches, crashAfter } of rounds) {
    files.crashAfter = crashAfter;
    try {
      await using store = await openPagePacks({ packs: '/p', states: '/s', index, fileOps: files });
      for (const size of batches) {
        if (size === 0) continue;
        number += 1;
        const key = `state-${number}`;
        // Half of the pages are those of the state before.
        const pages = Array.from({ length: size }, (_, index) => page(number * 2 + index));
        attempted.set(
          key,
          pages.map(({ hash }) => hash),
        );
        const references = pages.map(({ hash }) => hash);
        await store.write(key, { manifest: Buffer.from(references.join('\n')), references, pages });
        acknowledged.add(key);
      }
      // Every other state is forgotten: it may be there or not from now on, but never without its pages.
      const collection = await store.beginCollection();
      const live = collection.candidates.filter((key) => Number(key.split('-')[1]) % 2 === 0);
      for (const key of collection.candidates) if (!live.includes(key)) acknowledged.delete(key);
      const { manifestsRemoved } = await collection.collect({ live: new Set(live) });
      manifestsCollected += manifestsRemoved;
    } catch (thrown) {
      if (!String(thrown).includes('power')) return `reopening failed: ${String(thrown)}`;
    }
    files.losePower();
  }
  await using store = await openPagePacks({ packs: '/p', states: '/s', index, fileOps: files });
  for (const [key, hashes] of attempted) {
    try {
      const manifest = Buffer.from((await store.readManifest(key)).manifest).toString();
      if (manifest !== hashes.join('\n')) return `the manifest ${key} is another one`;
      await store.readPages(hashes);
      manifestsKept += 1;
    } catch (thrown) {
      if (acknowledged.has(key) || !String(thrown).includes('There is no manifest'))
        return `${key}: ${String(thrown)}`;
    }
  }
  return null;
}

describe('page packs that lose power', () => {
  test('keep every acknowledged state, and show no state without its pages', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (each) => {
        expect(await packsSurvive(each)).toBeNull();
      }),
      { numRuns: RUNS },
    );
    expect(manifestsKept).toBeGreaterThan(RUNS / 2);
    expect(manifestsCollected).toBeGreaterThan(RUNS / 4);
  });

  test.each([
    ['files are not synced', { ...HONEST, fileSync: false }],
    ['directories are not synced', { ...HONEST, directorySync: false }],
  ])('the check notices when %s (planted)', async (_, promises) => {
    const found = await fc.check(
      fc.asyncProperty(plan, async (each) => (await packsSurvive(each, promises)) === null),
      { numRuns: RUNS },
    );
    expect(found.failed).toBe(true);
  });
});
