import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SimulatedWr, simulatedWr } from './cli-simulated.js';

let simulated: SimulatedWr;

beforeEach(() => {
  simulated = simulatedWr({ segmentBytes: 4000 });
});

afterEach(() => simulated.remove());

test('wr archive moves old segments; everything else works on, and doctor says what is missing', async () => {
  const { wr, json, dataDir } = simulated;
  expect((await wr('archive')).out).toMatch(/^nothing to archive/);
  await wr('create', 'w');
  for (let n = 0; n < 12; n += 1) expect((await wr('exec', 'w', `set x ${n}`)).code).toBe(0);
  const cold = join(dataDir, '..', 'cold');
  const said = await wr('archive', '--to', cold);
  expect(said.out).toMatch(/^\d+ segments \(0\.0 MiB\) moved to .*cold; entries up to \d+ are archived\n$/);
  const moved = readdirSync(cold);
  expect(moved.length).toBeGreaterThan(1);
  expect(await json('archive', '--to', cold)).toMatchObject({ moved: [], directory: cold });

  // With the archive in place nothing is different.
  expect((await wr('doctor', '--rebuild')).out).toMatch(/ok +rebuild +\d+ entries/);
  expect((await wr('exec', 'w', 'get x')).out).toContain('11');
  expect((await wr('log', 'w')).out).toContain('set x 0');

  // Without it worlds run on; only what needs the old entries says so.
  const kept = new Map(moved.map((name) => [name, readFileSync(join(cold, name))]));
  rmSync(cold, { recursive: true });
  expect((await wr('exec', 'w', 'get x')).out).toContain('11');
  expect((await wr('log', 'w')).out).toContain('set x 0');
  const doctor = await wr('doctor');
  expect(doctor.out).toMatch(/warn +journal .*archived/);
  const rebuild = await wr('doctor', '--rebuild');
  expect(rebuild.code).toBe(1);
  expect(rebuild.out).toMatch(/fail +rebuild +JOURNAL_INCOMPLETE: .*000001\.wrj.*Put them back/);
  mkdirSync(cold);
  for (const [name, bytes] of kept) writeFileSync(join(cold, name), bytes);
  expect((await wr('doctor', '--rebuild')).out).toMatch(/ok +rebuild/);
});

test('wr doctor finds damage in a segment that opening does not read again', async () => {
  const { wr, dataDir } = simulated;
  await wr('create', 'w');
  for (let n = 0; n < 12; n += 1) await wr('exec', 'w', `set x ${n}`);
  await wr('archive');
  for (let n = 0; n < 12; n += 1) await wr('exec', 'w', `set x ${n}`);
  const path = join(dataDir, 'journal', 'archive', '000001.wrj');
  const bytes = readFileSync(path);
  bytes[200] = (bytes[200] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  expect((await wr('exec', 'w', 'get x')).code).toBe(0);
  const doctor = await wr('doctor');
  expect(doctor.out).toMatch(/fail +journal +JOURNAL_CORRUPT: .*000001\.wrj is damaged at offset/);
  expect(doctor.code).toBe(1);
});
