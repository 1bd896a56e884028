import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

import { compileOne, readSources } from './compile-contract.js';
import { gasOfOperations } from './gas-of-operations.js';
import { compileSurroundings } from './test-token.js';

const DOCUMENT = readFileSync(resolve(import.meta.dirname, '../../docs/contract.md'), 'utf8');

test('docs/contract.md has the gas of each operation, to within 1%', async () => {
  const compiled = compileOne(readSources(), 'Multiverse');
  const measured = await gasOfOperations(compiled, compileSurroundings().token);
  const rows = [...DOCUMENT.matchAll(/^\| (?<what>[^|]+?) +\| +(?<gas>[\d,]+) +\|$/gm)].map(({ groups }) => ({
    what: groups?.['what'] ?? '',
    gas: Number(groups?.['gas']?.replaceAll(',', '')),
  }));
  const table = [...measured].map(([what, gas]) => `${what} | ${gas.toLocaleString('en')}`).join('\n');
  expect(
    rows.map(({ what }) => what),
    `measured:\n${table}`,
  ).toEqual([...measured.keys()]);
  for (const { what, gas } of rows) {
    const found = Number(measured.get(what));
    expect(Math.abs(gas / found - 1), `${what} takes ${found}; measured:\n${table}`).toBeLessThan(0.01);
  }
});
