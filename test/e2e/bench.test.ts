import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
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

describe('a comparison with earlier results', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wr-bench-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const machine = {
    cpu: 'x',
    cores: 2,
    memoryBytes: 1,
    node: 'v20.0.0',
    os: 'linux',
    date: '',
    loadAverage: [0, 0, 0],
  };
  const row = (name: string, p50: number, p95: number, n = 100) => ({
    name,
    unit: 'ms',
    goal: null,
    n,
    p50,
    p95,
    p99: p95,
  });
  const file = (name: string, results: unknown, of: object = machine): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ machine: of, results }));
    return path;
  };
  const before = file('before.json', [
    row('slow', 10, 11),
    row('noisy', 10, 40, 4),
    row('fast', 10, 11),
    row('even', 10, 11),
  ]);
  const after = [
    row('slow', 15, 16),
    row('noisy', 15, 50, 4),
    row('fast', 5, 6),
    row('even', 10.5, 11),
    row('fresh', 1, 1),
  ];
  const compare = (...args: string[]) =>
    spawnSync(process.execPath, [WR, 'bench', '--compare', before, ...args], { encoding: 'utf8' });

  test('says better, worse or the same, given the noise, and what differs between the machines', () => {
    const results = file('after.json', after, { ...machine, cores: 4 });
    const { stdout, status } = compare('--results', results, '--json');
    const { comparison } = JSON.parse(stdout) as {
      comparison: { rows: { verdict: string }[]; machine: string[] };
    };
    expect(comparison.rows.map(({ verdict }) => verdict)).toEqual(['worse', 'same', 'better', 'same', 'new']);
    expect(comparison.machine).toEqual(['cores: 2 before, 4 now']);
    expect(status, 'nothing was said to be a failure').toBe(0);
    const text = compare('--results', results).stdout;
    expect(text).toMatch(/slow +ms +10\.00 +15\.00 +1\.50 +±10 % +worse/);
    expect(text).toContain('Not the same machine:\n  cores: 2 before, 4 now');
  });

  test('is exit code 1 when a row is worse than the threshold, and only then', () => {
    const results = file('after.json', after);
    expect(compare('--results', results, '--fail-above', '1.6').status).toBe(0);
    const failed = compare('--results', results, '--fail-above', '1.2');
    expect(failed).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^worse by more than 1.2 times: slow \(1.50 times\)\n/),
    });
  });

  test('refuses files that are none and factors that mean nothing', () => {
    writeFileSync(join(folder, 'bad.json'), '{"results": [{}]}');
    expect(compare('--results', join(folder, 'bad.json'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/is not what wr bench --json prints/),
    });
    expect(compare('--results', join(folder, 'none.json')).status).toBe(2);
    expect(compare('--fail-above', '0.5').status).toBe(2);
    expect(spawnSync(process.execPath, [BENCH, '--fail-above', '2'], { encoding: 'utf8' }).status).toBe(2);
  });
});

test('--list and --help say what there is, and measure nothing', () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [BENCH, ...args], { encoding: 'utf8' });
  expect(run('--list')).toMatchObject({
    status: 0,
    stderr: '',
    stdout: expect.stringMatching(/wasm\.branch_exec_reply +ms +<= \d/),
  });
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/--fail-above FACTOR/) });
});
