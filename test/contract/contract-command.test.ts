import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { sayIn } from '../e2e/cli-simulated.js';
import { type Artifact, CONTRACTS } from './compile-contract.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-contract-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const committed = JSON.parse(readFileSync(join(CONTRACTS, 'Multiverse.json'), 'utf8')) as Artifact;
/** Nothing may be opened for it. */
const nothing = async () => {
  throw new Error('wr contract opens no runtime');
};
const say = (...args: string[]) => sayIn(args, nothing, { WORLD_DATA_DIR: join(folder, 'data') });

test('wr contract abi prints the ABI, for programs as it is', async () => {
  const said = await say('contract', 'abi');
  expect(said).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(said.out)).toEqual(committed.abi);
  expect(JSON.parse((await say('contract', 'abi', '--json')).out)).toEqual(committed.abi);
});

test('wr contract bytecode prints hex, and with --json how it was compiled', async () => {
  expect((await say('contract', 'bytecode')).out).toBe(`${committed.bytecode}\n`);
  const { abi: _abi, ...rest } = committed;
  expect(JSON.parse((await say('contract', 'bytecode', '--json')).out)).toEqual(rest);
});

test('another part is a mistake that names the parts, and nothing is made in the data directory', async () => {
  const said = await say('contract', 'source');
  expect(said).toMatchObject({ code: 2, out: '' });
  expect(said.err).toContain('Parts: abi, bytecode');
  expect((await say('contract')).code).toBe(2);
  expect(existsSync(join(folder, 'data'))).toBe(false);
});
