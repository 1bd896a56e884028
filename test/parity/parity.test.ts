import { describe, expect, it } from 'vitest';

import { compileOne, readSources } from '../contract/compile-contract.js';
import { compileSurroundings } from '../contract/test-token.js';
import { PLANTED_FAULTS, withFault } from './planted-faults.js';
import { parityText, playParity, requireEnough } from './play-parity.js';

const SEED = BigInt(process.env['PARITY_SEED'] ?? '5');
const OPS = Number(process.env['PARITY_OPS'] ?? '2000');

const sources = readSources();
const { token } = compileSurroundings();

describe(`ledger and contract (PARITY_SEED=${SEED} PARITY_OPS=${OPS})`, () => {
  it('come to the same, with the same balances, in a long random life', async () => {
    const contract = compileOne(sources, 'Multiverse');
    const tally = await playParity({ contract, token, ops: OPS, seed: SEED });
    process.stdout.write(`parity, seed ${SEED}: ${parityText(tally)}\n`);
    if (OPS >= 2000) requireEnough(tally);
  }, 120_000);
});

describe('the comparison, with a fault planted in the contract', () => {
  const SAYS: Record<keyof typeof PLANTED_FAULTS, RegExp> = {
    'a push down gives x / n to each of n children': /has \d+ in vrs_\w+, and \d+ in the contract/,
    'parts of a partition may overlap': /the ledger says OVERLAP and the contract/,
    'a resolved question can still be split by': /the ledger says TRIVIAL_PARTITION and the contract/,
    'a verse with some impossible outcomes counts as if all were possible': /the ledger says/,
    'what rounding leaves is forgotten': /the dust on/,
    'anyone may report an outcome': /the ledger says FORBIDDEN and the contract ok/,
  };

  it.each(Object.entries(PLANTED_FAULTS))('catches: %s', async (name, fault) => {
    const contract = compileOne(withFault(sources, fault), 'Multiverse');
    await expect(playParity({ contract, token, ops: 1000, seed: SEED })).rejects.toThrow(SAYS[name]);
  });
});
