import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Compiled, compile } from './compile-contract.js';

/** The contracts that play the world around ours: a token that can misbehave, and one that calls back. */
export function compileSurroundings(): { readonly token: Compiled; readonly attacker: Compiled } {
  const file = join(import.meta.dirname, 'solidity/TestToken.sol');
  const found = compile({ 'TestToken.sol': readFileSync(file, 'utf8') });
  const [token, attacker] = [found.get('TestToken'), found.get('Attacker')];
  if (token === undefined || attacker === undefined) throw new Error(`${file} has no TestToken and Attacker`);
  return { token, attacker };
}
