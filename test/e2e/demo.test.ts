import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import type { DemoReport } from '../../src/surfaces/cli/demo/demo-report.js';
import { BRAESS_FOLDER } from './braess-networks.js';
import { makeFolder, type PlayedDemo, playDemoIn, reportOf } from './play-in-folder.js';

const WR = resolve(import.meta.dirname, '../../bin/wr.js');

describe('the demo', () => {
  let folder: string;
  let played: PlayedDemo;
  let report: DemoReport;
  beforeAll(async () => {
    folder = makeFolder();
    played = await playDemoIn(join(folder, 'data'), { json: true });
    report = reportOf(played);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('ends well and has nothing to complain about', () => {
    expect(played.err).toBe('');
    expect(report.check.problems).toEqual([]);
    expect(played.exitCode).toBe(0);
  });

  test('its verses find the known costs', () => {
    expect(report.verses).toMatchObject([
      { name: 'nash', trit: -1, probability: '0.45', cost: '2', status: 'collapsed' },
      { name: 'optimal', trit: 0, probability: '0.35', cost: '3/2', status: 'stopped' },
      { name: 'chaos', trit: 1, probability: '0.2', cost: '14/9', status: 'collapsed' },
    ]);
  });

  test('measures the known world extractable value, exactly', () => {
    expect(report.wev).toMatchObject({
      wev: '1/3',
      poa: '4/3',
      wevValue: '1/2',
      wevExpected: '17/72',
      regret: '5/9',
      pctExtractable: '1/4',
      losingBalances: { USD: '2000' },
    });
    expect(report.gf3Sum).toBe(0);
  });

  test('the parent becomes the cheapest verse and keeps its money', () => {
    expect(report.winner).toBe('optimal');
    expect(report.parentNow.value).toBe("('cooperative', '3/2')");
    expect(report.balances).toEqual({
      before: { root: { USD: '1000' } },
      split: { nash: { USD: '1000' }, optimal: { USD: '1000' }, chaos: { USD: '1000' } },
      after: { root: { USD: '1000' } },
    });
  });

  test('leaves rows in the four tables and measured times', () => {
    expect(report.rows).toMatchObject({
      world_runtime_entities: 4,
      world_branches: 2,
      verse_resolutions: 1,
    });
    expect(report.rows['runtime_metrics']).toBeGreaterThanOrEqual(5);
    expect(report.timings.map(({ what, n }) => [what, n])).toEqual([
      ['boot', 1],
      ['snapshot', 2],
      ['branch', 3],
    ]);
    for (const { slowestMs } of report.timings) expect(slowestMs).toBeGreaterThan(0);
  });

  test('its data directory can be opened again, and run again beside the first world', async () => {
    await using runtime = await WorldRuntime.open({ dataDir: report.dataDir });
    const world = await runtime.world('braess');
    expect((await world.execute('describe(flow)')).value).toBe("'s-a-t 1/2, s-b-t 1/2'");
    await runtime.close();
    const again = await playDemoIn(report.dataDir, { json: true });
    expect(reportOf(again).world.name).toBe('braess-2');
    expect(again.exitCode).toBe(0);
  }, 120_000);

  test('tells the story without colour where none is wanted', async () => {
    const { out, err, exitCode } = await playDemoIn(report.dataDir, { json: false });
    expect(exitCode).toBe(0);
    expect(err).toBe('');
    expect(out).not.toContain(String.fromCharCode(27));
    expect(out).toMatch(/├─ ⊖ nash +p 0\.45 +collapsed +cost 2\n/);
    expect(out).toMatch(/├─ ⊙ optimal +p 0\.35 +won +cost 3\/2\n/);
    expect(out).toMatch(/└─ ⊕ chaos +p 0\.2 +collapsed +cost 14\/9\n/);
    expect(out).toContain('1/3 (~0.333333)');
    expect(out).toContain(`export WORLD_DATA_DIR=${report.dataDir}`);
    expect(out).toContain('nash    | equilibrium: everybody needs 2');
  }, 120_000);

  test('wr demo prints one JSON object, and warns where a wall is missing', () => {
    const env = { ...process.env, TMPDIR: folder, NO_COLOR: '1' };
    const { stdout, stderr } = spawnSync(process.execPath, [WR, 'demo', '--json'], { env, encoding: 'utf8' });
    const printed = reportOf({ out: stdout });
    // Set by test/build-first.ts where there is no second wall.
    const isWeak = process.env['WORLD_ALLOW_WEAK_ISOLATION'] === '1';
    expect(stderr).toMatch(isWeak ? /^warning: no kernel-enforced wall .*\n$/ : /^$/);
    expect(printed.wev.wev).toBe('1/3');
    expect(printed.dataDir.startsWith(folder)).toBe(true);
  }, 120_000);
});

describe('the README of the example', () => {
  let folder: string;
  beforeAll(() => {
    folder = makeFolder();
    const script = `#!/bin/sh\nexec "${process.execPath}" "${WR}" "$@"\n`;
    writeFileSync(join(folder, 'wr'), script, { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('its commands run by hand, and say what it says they say', () => {
    const readme = readFileSync(join(BRAESS_FOLDER, 'README.md'), 'utf8');
    const [, byHand = '', after = ''] = /```sh\n([\s\S]*?)```([\s\S]*)/.exec(readme) ?? [];
    const env = {
      ...process.env,
      PATH: `${folder}:${process.env['PATH']}`,
      WORLD_DATA_DIR: join(folder, 'data'),
      NO_COLOR: '1',
    };
    const cwd = resolve(BRAESS_FOLDER, '../..');
    const out = execFileSync('sh', ['-ec', byHand], { cwd, env, encoding: 'utf8' });
    const promised = [...after.matchAll(/```text\n([\s\S]*?)```/g)].flatMap(([, text = '']) =>
      text.trim().split('\n'),
    );
    expect(promised.length).toBeGreaterThan(15);
    for (const line of promised) expect(out).toContain(line);
  }, 180_000);
});
