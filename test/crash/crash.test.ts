import { expect, test } from 'vitest';
import { crash, KILLS } from './crash-run.js';
import { sizeFindings } from './examine-directory.js';
import { VERB_NAMES } from './verbs.js';

/** Look longer with CRASH_KILLS=..., or with `npm run crash`; CRASH_SEED=... repeats the choices of a run, but not its moments. */
const KILLS_WANTED = Number(process.env['CRASH_KILLS'] ?? 100);
const SEED = BigInt(process.env['CRASH_SEED'] ?? 11);
/** From as many kills on, everything must have happened. */
const KILLS_TO_SEE_ALL = 100;

const repeatWith = `npm run crash -- --kills ${KILLS_WANTED} --seed ${SEED}`;

test(`kill -9 of daemons, hosts and workers loses nothing (${repeatWith})`, {
  timeout: 3_600_000,
}, async () => {
  const { kills, verbs, visits, examinations, sizes, seconds } = await crash({
    kills: KILLS_WANTED,
    seed: SEED,
  });
  process.stdout.write(`${seconds.toFixed(0)} s, ${JSON.stringify({ kills, verbs })}\n`);
  const total = Object.values(kills).reduce((sum, each) => sum + each, 0);
  expect(total).toBeGreaterThanOrEqual(KILLS_WANTED);
  expect(visits).toBeGreaterThan(total);
  expect(examinations).toBe(sizes.length);
  if (KILLS_WANTED < KILLS_TO_SEE_ALL) return;
  for (const kill of KILLS) expect(kills[kill], kill).toBeGreaterThanOrEqual(1);
  for (const kill of [
    'control while starting',
    'control at work',
    'host at work',
    'worker at work',
  ] as const) {
    expect(kills[kill], kill).toBeGreaterThanOrEqual(5);
  }
  for (const verb of VERB_NAMES)
    expect(verbs[verb]?.ok ?? 0, `${verb} was answered`).toBeGreaterThanOrEqual(1);
  expect(
    Object.values(verbs).reduce((sum, { unknown }) => sum + unknown, 0),
    'answers lost',
  ).toBeGreaterThan(5);
});

test.each([
  [
    'answers before the journal is written',
    'late-journal',
    // The last: a verb that reads the journal meanwhile does not find what was acknowledged.
    /lost although it was acknowledged|happened \d times|no record begins there/,
  ],
  [
    'writes a resolution as two records',
    'resolution-in-two',
    /a failed verb|only deposits|every |was there|holds|is the escrow|world|one after the other in time/,
  ],
  ['answers before pages are written', 'late-pages', /cannot be made again by replay|There is no manifest/],
])('notices a daemon that %s', { timeout: 600_000 }, async (_, planted, found) => {
  await expect(crash({ kills: 60, seed: SEED, planted, withImage: false })).rejects.toThrow(found);
});

test('a data directory that grows without bound is noticed', () => {
  const sample = { kills: 10, entries: 1000, states: 50, journal: 1e6, catalog: 1e6, kept: 1e6 };
  expect(sizeFindings([sample])).toEqual([]);
  for (const what of ['journal', 'catalog', 'kept'] as const) {
    expect(sizeFindings([{ ...sample, [what]: 1e9 }])).toHaveLength(1);
  }
});
