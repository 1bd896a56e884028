import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
// @ts-expect-error The soak is plain JavaScript over the built package.
import { findings } from '../../bench/soak-findings.mjs';

const SOAK = fileURLToPath(new URL('../../bench/soak.mjs', import.meta.url));

interface Told {
  readonly code: number;
  readonly findings: readonly string[];
  readonly samples: readonly { readonly executions: number; readonly states: number }[];
}

async function soak(...args: string[]): Promise<Told> {
  const run = promisify(execFile)(process.execPath, ['--expose-gc', SOAK, '--json', ...args], {
    maxBuffer: 64 * 1024 ** 2,
  });
  const { stdout, code } = await run.then(
    (done) => ({ stdout: done.stdout, code: 0 }),
    (failed: { stdout: string; code: number }) => failed,
  );
  return { ...JSON.parse(stdout), code };
}

it('a long life levels off while the journal grows', { timeout: 900_000 }, async () => {
  // 5,000 in .ci/run, 100,000 by npm run soak; the checker is the same.
  const told = await soak('--executions', process.env['SOAK_EXECUTIONS'] ?? '2400');
  expect(told.findings).toEqual([]);
  expect(told.code).toBe(0);
});

it('a leak is noticed: without garbage collection states go on growing', { timeout: 900_000 }, async () => {
  const told = await soak('--executions', '2400', '--no-gc');
  expect(told.findings.join()).toMatch(/states goes on growing/);
  expect(told.code).toBe(1);
});

it.each(['packs', 'states', 'heap', 'rss', 'slots'])('a leak of %s alone is noticed', (leaking) => {
  const samples = Array.from({ length: 60 }, (_, n) => {
    const level = { packs: 1e8, states: 1e4, heap: 1e8, rss: 1e9, slots: 1e5 };
    const sample = { ...level, executions: n * 100, journal: n * 1e5 };
    return { ...sample, [leaking]: (sample as Record<string, number>)[leaking]! * (1 + n) };
  });
  expect(findings(samples)).toEqual([expect.stringContaining(leaking)]);
  expect(findings(samples.map((one) => ({ ...one, [leaking]: 5 })))).toEqual([]);
});

it('a journal that grows ever faster is noticed', () => {
  const level = { packs: 1, states: 1, heap: 1, rss: 1, slots: 1 };
  const samples = Array.from({ length: 60 }, (_, n) => ({
    ...level,
    executions: n * 100,
    journal: n ** 3 * 1000,
  }));
  expect(findings(samples)).toEqual([expect.stringContaining('the journal grows by')]);
});
