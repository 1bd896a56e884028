import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FaultyFiles } from '../../../test/property/storage-faulty-files.js';
import { PowerLossFiles } from '../../../test/property/storage-power-loss-files.js';
import { seededRandom } from '../../../test/simulation/random.js';
import {
  type CheckpointFiles,
  type CheckpointFilesOptions,
  openCheckpointFiles,
} from './checkpoint-files.js';

let directory: string;
let notes: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'checkpoints-'));
  notes = [];
});

afterEach(() => rmSync(directory, { recursive: true }));

const hashOf = (seq: number): string => seq.toString(16).padStart(64, '0');
const linesFor = (seq: number): string[] => ['{"a":1}', JSON.stringify({ seq, text: 'é𝔘\n\u0000"' }), '[]'];
const nameOf = (seq: number): string => `${String(seq).padStart(16, '0')}.wrc`;
const pathOf = (seq: number): string => join(directory, nameOf(seq));

const open = (more: CheckpointFilesOptions = {}): Promise<CheckpointFiles> =>
  openCheckpointFiles(directory, { note: (text) => notes.push(text), ...more });

async function found(files: CheckpointFiles): Promise<{ seq: number; hash: string; lines: string[] }[]> {
  const all = [];
  for await (const { seq, hash, lines } of files.newest()) all.push({ seq, hash, lines: [...lines] });
  return all;
}

async function written(...seqs: number[]): Promise<void> {
  const files = await open();
  for (const seq of seqs) await files.write({ seq, hash: hashOf(seq) }, linesFor(seq));
}

const expected = (seq: number) => ({ seq, hash: hashOf(seq), lines: linesFor(seq) });

describe('checkpoints', () => {
  test('the last two are kept and read, the newest first', async () => {
    expect((await open()).newestPlace).toBeNull();
    await written(5, 9, 12);
    expect(readdirSync(directory)).toEqual([nameOf(9), nameOf(12)]);
    const files = await open();
    expect(files.newestPlace).toEqual({ seq: 12, hash: hashOf(12) });
    expect(await found(files)).toEqual([expected(12), expected(9)]);
    expect(notes).toEqual([]);
  });

  test('those of a later entry are of a journal that is no more: a new one takes their place', async () => {
    await written(5, 900, 7);
    expect(readdirSync(directory)).toEqual([nameOf(5), nameOf(7)]);
  });

  test('a large one is written in pieces between which other work goes on', async () => {
    const files = await open();
    const lines = Array.from({ length: 20_000 }, (_, index) =>
      JSON.stringify({ index, text: 'x'.repeat(200) }),
    );
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    const { bytes } = await files.write({ seq: 1, hash: hashOf(1) }, lines);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(3);
    expect(readFileSync(pathOf(1)).length).toBe(bytes);
    expect((await found(await open()))[0]?.lines).toEqual(lines);
  });

  test('an empty one, and one beyond the limit', async () => {
    const files = await open({ bytesMax: 300 });
    await files.write({ seq: 1, hash: hashOf(1) }, []);
    await expect(files.write({ seq: 2, hash: hashOf(2) }, ['x'.repeat(300)])).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: /more than 300 bytes/,
    });
    expect(readdirSync(directory)).toEqual([nameOf(1)]);
    expect(await found(await open())).toEqual([{ seq: 1, hash: hashOf(1), lines: [] }]);
    writeFileSync(pathOf(3), 'x'.repeat(1000));
    expect((await open({ bytesMax: 300 })).newestPlace?.seq).toBe(1);
    expect(notes.join()).toMatch(/passed over/);
  });
});

describe('damage', () => {
  test('a flipped bit in any byte, or a cut at any byte: the one before is taken, and it is said', async () => {
    await written(5, 9);
    const whole = readFileSync(pathOf(9));
    for (let at = 0; at < whole.length; at += 1) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      for (const bytes of [flipped, whole.subarray(0, at), Buffer.concat([whole, Buffer.alloc(1 + at)])]) {
        notes.length = 0;
        writeFileSync(pathOf(9), bytes);
        expect(await found(await open()), `byte ${at}`).toEqual([expected(5)]);
        expect(notes).toEqual([expect.stringContaining(pathOf(9))]);
      }
    }
    // What is wrong stays until another one is written.
    await (await open()).write({ seq: 9, hash: hashOf(9) }, linesFor(9));
    expect(await found(await open())).toEqual([expected(9), expected(5)]);
  });

  test('a file under the name of another entry is passed over', async () => {
    await written(5);
    writeFileSync(pathOf(6), readFileSync(pathOf(5)));
    expect(await found(await open())).toEqual([expected(5)]);
    expect(notes).toHaveLength(1);
  });

  test('leftovers of unfinished writes are removed, foreign files are left alone', async () => {
    await written(5);
    writeFileSync(`${pathOf(9)}.tmp`, 'x');
    writeFileSync(join(directory, 'README'), 'x');
    await open();
    expect(readdirSync(directory)).toEqual([nameOf(5), 'README']);
  });
});

describe('failing disks', () => {
  test.each(['open', 'write', 'sync', 'rename', 'syncDirectory', 'remove', 'list'] as const)(
    'a failed %s is STORAGE_FAILED with advice, and what was there stays',
    async (call) => {
      await written(3, 5);
      const fileOps = new FaultyFiles();
      const files = await open({ fileOps });
      fileOps.fault = (each) => (each.call === call ? { kind: 'error', code: 'ENOSPC' } : null);
      await expect(files.write({ seq: 9, hash: hashOf(9) }, linesFor(9))).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        message: /disk is full/,
      });
      const again = await found(await open());
      expect(again.slice(-2)).toEqual(again.length === 3 ? [expected(5), expected(3)] : again.slice(-2));
      expect(again.some(({ seq }) => seq === 5)).toBe(true);
      expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    },
  );

  test('power that goes at any call leaves the one before, whole', async () => {
    const random = seededRandom(20_261_122n);
    for (let crashAfter = 1; crashAfter < 16; crashAfter += 1) {
      for (let time = 0; time < 10; time += 1) {
        const files = new PowerLossFiles(() => random.below(1_000_000) / 1_000_000);
        const first = await openCheckpointFiles('/c', { fileOps: files });
        await first.write({ seq: 5, hash: hashOf(5) }, linesFor(5));
        files.crashAfter = files.calls + crashAfter;
        const acknowledged = await first.write({ seq: 9, hash: hashOf(9) }, linesFor(9)).then(
          () => true,
          () => false,
        );
        files.losePower();
        const again = await found(await openCheckpointFiles('/c', { fileOps: files }));
        expect(again.some(({ seq }) => seq === 5) || again.some(({ seq }) => seq === 9)).toBe(true);
        if (acknowledged) expect(again[0]).toEqual(expected(9));
        for (const one of again) expect(one).toEqual(expected(one.seq));
      }
    }
  });
});
