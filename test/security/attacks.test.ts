import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ALLOWED_IMPORTS } from '../../src/substrates/wasm/executor/locked-imports.js';
import type { Verdict } from './attack-arena.js';
import { DEVICE_ATTEMPTS, IMPORT_ATTEMPTS, UNREACHED_IMPORTS } from './attacks/covered.js';
import { corpus } from './attacks/index.js';
import { byGroup, runAttacks } from './run-attacks.js';

const seed = Number(process.env['ATTACK_SEED'] ?? '1');
const CORPUS = corpus(seed);
const NAMES = new Set(CORPUS.map(({ name }) => name));
/** So many attempts, or more. */
const GROUPS: Readonly<Record<string, number>> = {
  'javascript bridge': 28,
  'object walks and module surgery': 36,
  'ctypes, bytecode and memory': 28,
  files: 69,
  'forged frames': 36,
  'forged effects': 27,
  'resource bombs': 40,
  'clock and entropy': 12,
  'timing of siblings': 3,
  'state across rollback and worlds': 28,
  'exceptions at host calls': 25,
  interrupts: 24,
};

describe('the corpus of attacks', () => {
  let verdicts: Verdict[] = [];

  beforeAll(async () => {
    process.stdout.write(`attack seed ${seed} (ATTACK_SEED reruns one)\n`);
    verdicts = await runAttacks(resolve(import.meta.dirname, '../..'), CORPUS);
  }, 240_000);

  test('has every group, of the size that it had or larger, and no attempt twice', () => {
    const counts = Object.fromEntries(byGroup(verdicts).map(({ group, attempts }) => [group, attempts]));
    expect(new Set(Object.keys(counts))).toEqual(new Set(Object.keys(GROUPS)));
    for (const [group, least] of Object.entries(GROUPS)) {
      expect(counts[group], group).toBeGreaterThanOrEqual(least);
    }
    expect(new Set(CORPUS.map(({ group, name }) => `${group}: ${name}`)).size).toBe(CORPUS.length);
  });

  test.each(Object.keys(GROUPS))('none of %s gets through', (name) => {
    const own = verdicts.filter(({ attack }) => attack.group === name);
    expect(own.length).toBeGreaterThan(0);
    const through = own.filter(({ breaches }) => breaches.length > 0);
    expect(through.map(({ attack, breaches }) => [attack.name, ...breaches])).toEqual([]);
  });
});

test('docs/attacks.md tells of these groups, of these sizes', () => {
  const document = readFileSync(resolve(import.meta.dirname, '../../docs/attacks.md'), 'utf8');
  const told = [...document.matchAll(/^\| ([a-z, ]+?) +\| (\d+) +\|/gm)].map(([, group, count]) => [
    group,
    Number(count),
  ]);
  const counted = Object.keys(GROUPS).map((group) => [
    group,
    CORPUS.filter((attack) => attack.group === group).length,
  ]);
  expect(told).toEqual(counted);
});

describe('what the attempts reach', () => {
  test('every import that answers after the lock has an attempt, or cannot be called from Python', () => {
    const covered = [...Object.keys(IMPORT_ATTEMPTS), ...UNREACHED_IMPORTS];
    expect(new Set(covered)).toEqual(new Set(Object.keys(ALLOWED_IMPORTS)));
    expect(covered.length).toBe(new Set(covered).size);
    for (const [name, attempts] of Object.entries(IMPORT_ATTEMPTS)) {
      expect(attempts.length, name).toBeGreaterThan(0);
      expect(
        attempts.filter((attempt) => !NAMES.has(attempt)),
        name,
      ).toEqual([]);
    }
  });

  test('every device has an attempt', () => {
    const listed = CORPUS.find(({ name }) => name === 'every device')?.steps[0]?.value ?? '';
    // The attempt fails when a world has a device more or less than these.
    const devices = [...listed.matchAll(/'(\w+)'/g)].map(([, name]) => `/dev/${name}`);
    expect(new Set(Object.keys(DEVICE_ATTEMPTS))).toEqual(new Set(devices));
    for (const attempt of Object.values(DEVICE_ATTEMPTS)) expect(NAMES, attempt).toContain(attempt);
  });
});
