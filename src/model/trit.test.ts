import { describe, expect, it } from 'vitest';

import { defaultTrits, gf3Sum, requireBalanced, Trit, tritRole } from './trit.js';

describe('trit', () => {
  it('sums in the field of three elements', () => {
    expect(gf3Sum([])).toBe(0);
    expect(gf3Sum([-1, 0, 1])).toBe(0);
    expect(gf3Sum([1, 1, 1])).toBe(0);
    expect(gf3Sum([-1])).toBe(2);
    expect(gf3Sum([1])).toBe(1);
    expect(gf3Sum([-1, -1])).toBe(1);
    expect(gf3Sum([-1, -1, -1, -1])).toBe(2);
  });

  it('defaults to full triads and then [0] or [-1, +1], always balanced', () => {
    expect(defaultTrits(0)).toEqual([]);
    expect(defaultTrits(1)).toEqual([0]);
    expect(defaultTrits(2)).toEqual([-1, 1]);
    expect(defaultTrits(3)).toEqual([-1, 0, 1]);
    expect(defaultTrits(7)).toEqual([-1, 0, 1, -1, 0, 1, 0]);
    for (let n = 0; n < 50; n += 1) {
      expect(defaultTrits(n)).toHaveLength(n);
      expect(gf3Sum(defaultTrits(n))).toBe(0);
    }
  });

  it('refuses a count that is not a whole number', () => {
    for (const count of [-1, 1.5, Number.NaN]) {
      expect(() => defaultTrits(count)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    }
  });

  it('names the sum of unbalanced trits', () => {
    expect(() => requireBalanced([1, 1, 1])).not.toThrow();
    expect(() => requireBalanced([1, 0, 1])).toThrow(
      expect.objectContaining({
        code: 'TRITS_UNBALANCED',
        message: expect.stringContaining('sum to 2, which is 2 mod 3'),
        details: { trits: [1, 0, 1], sum: 2, gf3Sum: 2 },
      }),
    );
  });

  it('knows roles and colours', () => {
    expect(tritRole(-1)).toEqual({ trit: -1, role: 'validator', color: '#2626D8' });
    expect(tritRole(0)).toEqual({ trit: 0, role: 'coordinator', color: '#26D826' });
    expect(tritRole(1)).toEqual({ trit: 1, role: 'generator', color: '#D82626' });
  });

  it('parses only the three digits', () => {
    expect(Trit.safeParse(-1).success).toBe(true);
    expect(Trit.safeParse(2).success).toBe(false);
    expect(Trit.safeParse('0').success).toBe(false);
  });
});
