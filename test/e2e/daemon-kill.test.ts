import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { seededRandom } from '../simulation/random.js';
import { childrenOf, isRunning } from '../support/processes.js';
import { wr, wrJson } from './cli-process.js';
import { startDaemon } from './daemon-process.js';
import { check, checkDust, known, newWorkload, work } from './daemon-workload.js';

/** Repeat a failure with KILL_SEED=..., and look longer with KILL_ROUNDS=... */
const SEED = BigInt(process.env['KILL_SEED'] ?? 7);
const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 4);
/** Answers of all clients together before the daemon is killed, at most. */
const ANSWERS_MAX = 60;

let data: string;
beforeAll(() => {
  data = join(mkdtempSync(join(tmpdir(), 'wr-kill-')), 'data');
});
afterAll(() => rmSync(join(data, '..'), { recursive: true, force: true }));

test(`kill -9 at any time loses nothing acknowledged (${ROUNDS} rounds from seed ${SEED})`, {
  timeout: 900_000,
}, async () => {
  const random = seededRandom(SEED);
  const loads = ['a', 'b', 'c'].map(newWorkload);
  for (let round = 0; round < ROUNDS; round += 1) {
    const daemon = await startDaemon(data);
    const runtime = await WorldRuntime.connect({ dataDir: data });
    for (const load of loads) await check(runtime, load);
    const killAfter = 1 + random.below(ANSWERS_MAX);
    let hosts: number[] = [];
    let answers = 0;
    let killed: Promise<void> | undefined;
    const onAnswer = (): void => {
      answers += 1;
      if (answers < killAfter || killed !== undefined) return;
      hosts = childrenOf(daemon.file.pid);
      killed = daemon.kill();
    };
    // Each has choices of its own, so that how they interleave changes nothing about what each one does.
    await Promise.all(loads.map((load) => work(runtime, load, seededRandom(random.seed()), onAnswer)));
    await killed;
    await runtime.close();
    expect(answers, `seed ${SEED}, round ${round}`).toBeGreaterThanOrEqual(killAfter);
    // The orphaned executor host notices by itself.
    if (process.platform === 'linux') expect(hosts.length).toBeGreaterThan(0);
    await expect.poll(() => hosts.filter(isRunning), { timeout: 60_000 }).toEqual([]);
  }
  // The last time without a daemon, in this process: recovery replays what no state was kept of, and compares digests.
  const runtime = await WorldRuntime.open({ dataDir: data });
  for (const load of loads) await check(runtime, load);
  await checkDust(runtime, loads);
  expect(Math.max(...loads.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(0);
  // A checker that finds nothing is worth nothing: an answer that was never given is missed.
  const liar = newWorkload('liar');
  const { id } = await runtime.create();
  liar.worlds.push(known(id));
  await check(runtime, liar);
  liar.worlds[0]?.log.push('never acknowledged');
  await expect(check(runtime, liar)).rejects.toThrow(/the log of wld_/);
  await runtime.close();
  expect(await wr(data, 'doctor')).toMatchObject({ code: 0 });
  const worlds = await wrJson<unknown[]>(data, 'list', '--all');
  expect(worlds.length).toBeGreaterThanOrEqual(loads.flatMap(({ worlds: of }) => of).length);
});
