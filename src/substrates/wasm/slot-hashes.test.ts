import { expect, test } from 'vitest';
import { seededRandom } from '../../../test/simulation/random.js';
import { SlotHashes } from './slot-hashes.js';

const hash = (n: number) => `hash-${n}`;

test('knows what a slot holds in its present epoch, and where a content is', () => {
  const hashes = new SlotHashes();
  hashes.set(7, 1, hash(1));
  expect(hashes.hashOf(7, 1)).toBe(hash(1));
  expect(hashes.hashOf(7, 2)).toBeNull();
  expect(hashes.find(hash(1))).toEqual({ slot: 7, epoch: 1 });
  hashes.set(7, 2, hash(2));
  expect(hashes.find(hash(1))).toBeNull();
  expect(hashes.find(hash(2))).toEqual({ slot: 7, epoch: 2 });
});

test('forgets what nobody asks for, and keeps what is used', () => {
  const hashes = new SlotHashes(100);
  for (let slot = 0; slot < 50; slot += 1) hashes.set(slot, 0, hash(slot));
  for (let slot = 1000; slot < 10_000; slot += 1) {
    hashes.set(slot, 0, hash(slot));
    if (slot % 40 === 0) for (let used = 0; used < 50; used += 1) hashes.hashOf(used, 0);
    expect(hashes.size).toBeLessThanOrEqual(200);
  }
  for (let slot = 0; slot < 50; slot += 1) expect(hashes.hashOf(slot, 0)).toBe(hash(slot));
  expect(hashes.hashOf(1000, 0)).toBeNull();
  expect(hashes.find(hash(1000))).toBeNull();
  for (let slot = 9950; slot < 10_000; slot += 1) expect(hashes.find(hash(slot))).toEqual({ slot, epoch: 0 });
});

test('remembers no more when a few slots hold ever new contents', () => {
  const hashes = new SlotHashes(100);
  for (let content = 0; content < 10_000; content += 1) {
    hashes.set(content % 50, content, hash(content));
    expect(hashes.size).toBeLessThanOrEqual(50);
  }
  for (let content = 9950; content < 10_000; content += 1) {
    expect(hashes.find(hash(content))).toEqual({ slot: content % 50, epoch: content });
  }
});

test('never says of a slot what it held before (seed 5)', () => {
  const random = seededRandom(5n);
  const hashes = new SlotHashes(16);
  const last = new Map<number, { epoch: number; content: number }>();
  let found = 0;
  for (let step = 0; step < 20_000; step += 1) {
    const slot = random.below(40);
    const content = random.below(30);
    if (random.onceIn(3)) {
      const epoch = (last.get(slot)?.epoch ?? 0) + 1;
      last.set(slot, { epoch, content });
      hashes.set(slot, epoch, hash(content));
    }
    const at = hashes.find(hash(content));
    if (at !== null) {
      found += 1;
      expect(last.get(at.slot)).toEqual({ epoch: at.epoch, content });
    }
    const known = last.get(slot);
    const said = known && hashes.hashOf(slot, known.epoch);
    if (known && said) expect(said).toBe(hash(known.content));
  }
  expect(found).toBeGreaterThan(1000);
});
