import { execFileSync, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const BENCH = resolve(import.meta.dirname, '../../bench/run.mjs');
const WR = resolve(import.meta.dirname, '../../bin/wr.js');
const finite = z.number().nonnegative();

const Output = z.strictObject({
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.int().positive(),
    memoryBytes: z.int().positive(),
    freeMemoryBytes: z.int().positive(),
    node: z.string().startsWith('v'),
    os: z.string(),
    date: z.iso.datetime(),
    loadAverage: z.array(z.number()).length(3),
  }),
  results: z.array(
    z.strictObject({
      name: z.string(),
      unit: z.enum(['ms', 'bytes', 'x']),
      goal: z.number().nullable(),
      n: z.int().positive(),
      p50: finite,
      p95: finite,
      p99: finite,
    }),
  ),
});

test('wr bench prints the numbers asked for as JSON alone', () => {
  const names = ['wasm.create', 'wasm.branch_exec_reply', 'wasm.fanout_100', 'wasm.snapshot_durable'];
  const args = [WR, 'bench', '--json', '--n', '2', ...names.flatMap((name) => ['--only', name])];
  const out = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const { results } = Output.parse(JSON.parse(out));
  expect(new Set(results.map(({ name }) => name))).toEqual(new Set(names));
  for (const { p50, p95, p99 } of results) expect(p50 <= p95 && p95 <= p99).toBe(true);
}, 180_000);

test('a measurement that does not exist is refused with the names of those that do', () => {
  const { status, stderr } = spawnSync(process.execPath, [BENCH, '--only', 'wasm.nothing'], {
    encoding: 'utf8',
  });
  expect(status).toBe(2);
  expect(stderr).toContain('wasm.branch_exec_reply');
});
