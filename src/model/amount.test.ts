import { describe, expect, it } from 'vitest';

import { AMOUNT_MAX, Amount, amountToText, parseAmount } from './amount.js';

describe('amount', () => {
  it('takes decimal strings, bigints and safe integers', () => {
    expect(parseAmount('0')).toBe(0n);
    expect(parseAmount('1000')).toBe(1000n);
    expect(parseAmount(7n)).toBe(7n);
    expect(parseAmount(7)).toBe(7n);
    expect(parseAmount(amountToText(AMOUNT_MAX))).toBe(AMOUNT_MAX);
    expect(Amount.parse('12')).toBe(12n);
  });

  it('refuses everything outside 0 <= x < 2^256 and every other spelling', () => {
    const refused = [
      -1,
      -1n,
      AMOUNT_MAX + 1n,
      (AMOUNT_MAX + 1n).toString(),
      1.5,
      2 ** 53,
      Number.NaN,
      '',
      '-1',
      '+1',
      '01',
      '1.0',
      '1e3',
      '0x10',
      ' 1',
      '9'.repeat(200),
      null,
      undefined,
      {},
    ];
    for (const input of refused) {
      expect(() => parseAmount(input)).toThrow(expect.objectContaining({ code: 'BAD_AMOUNT' }));
      expect(Amount.safeParse(input).success).toBe(false);
    }
  });
});
