import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fault, SIMULATED_OPERATIONS, seededFaults } from './fault-plan.js';

function faults(
  seed: bigint,
  rate: number,
  steps = 2000,
  kinds?: readonly Fault['kind'][],
): (Fault | undefined)[] {
  const plan = seededFaults(seed, rate, kinds);
  return Array.from({ length: steps }, (_, step) =>
    plan.at(step, SIMULATED_OPERATIONS[step % SIMULATED_OPERATIONS.length]!),
  );
}

test('a plan depends on its seed alone', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (seed) => {
      expect(faults(seed, 0.3, 50)).toEqual(faults(seed, 0.3, 50));
    }),
  );
  expect(faults(1n, 0.3)).not.toEqual(faults(2n, 0.3));
});

test('the rate is the share of the operations that meet a fault', () => {
  expect(faults(7n, 0).every((fault) => fault === undefined)).toBe(true);
  expect(faults(7n, 1).every((fault) => fault !== undefined)).toBe(true);
  const share = faults(7n, 0.2).filter((fault) => fault !== undefined).length / 2000;
  expect(share).toBeGreaterThan(0.16);
  expect(share).toBeLessThan(0.24);
});

test('every kind that is asked for happens, and a crash only if it is', () => {
  const kindsOf = (list: (Fault | undefined)[]) => new Set(list.map((fault) => fault?.kind));
  expect(kindsOf(faults(7n, 1))).toEqual(new Set(['fail', 'delay', 'loseReply']));
  expect(kindsOf(faults(7n, 1, 2000, ['crash']))).toEqual(new Set(['crash']));
});
