import { expect } from 'vitest';
import { WorldError, type WorldRuntime } from '../../src/index.js';
import type { Random } from '../simulation/random.js';

/** What one client did to a daemon that may be killed at any time, and what it must find afterwards. */

/** A world as its client knows it: what was acknowledged, and the one thing that may or may not have happened. */
interface KnownWorld {
  readonly id: string;
  /** Its variable `log`, acknowledged. */
  log: string[];
  /** Acknowledged base units of GOLD. */
  gold: bigint;
  /** An append that was sent and not answered. */
  doubtful: string | null;
  doubtfulGold: bigint;
  /** Ids of its verses' worlds by outcome, between push-down and pull-up. */
  verses: Readonly<Record<string, KnownWorld>> | null;
  /** A pull-up or push-down that was sent and not answered. */
  inDoubt: 'push-down' | 'pull-up' | null;
}

/** One client: its worlds, which nobody else touches. */
export interface Workload {
  readonly name: string;
  readonly worlds: KnownWorld[];
  /** Answers it got. */
  acknowledged: number;
  /** Base units of GOLD that voiding rounded off: floor(x * p) is paid for each outcome, the dust account keeps the rest. */
  dust: bigint;
}

export function newWorkload(name: string): Workload {
  return { name, worlds: [], acknowledged: 0, dust: 0n };
}

/** A world that its client has not worked on yet, or a child of one. */
export function known(id: string, like?: KnownWorld): KnownWorld {
  return {
    id,
    log: [...(like?.log ?? [])],
    gold: 0n,
    doubtful: null,
    doubtfulGold: 0n,
    verses: null,
    inDoubt: null,
  };
}

/** Works until the daemon is gone. `onAnswer` hears of each acknowledgement. */
export async function work(
  runtime: WorldRuntime,
  load: Workload,
  random: Random,
  onAnswer: () => void,
): Promise<void> {
  try {
    for (;;) {
      await step(runtime, load, random);
      load.acknowledged += 1;
      onAnswer();
    }
  } catch (thrown) {
    const code = thrown instanceof WorldError ? thrown.code : 'no WorldError';
    expect(['DAEMON_LOST', 'DAEMON_UNREACHABLE'], String(thrown)).toContain(code);
  }
}

async function step(runtime: WorldRuntime, load: Workload, random: Random): Promise<void> {
  const free = load.worlds.filter(({ verses, inDoubt }) => verses === null && inDoubt === null);
  const pushed = load.worlds.filter(({ verses, inDoubt }) => verses !== null && inDoubt === null);
  if (free.length === 0 || (load.worlds.length < 4 && random.onceIn(6))) {
    const made = await runtime.create();
    load.worlds.push(known(made.id));
    await append(runtime, load.worlds.at(-1) as KnownWorld, 'log = []', null);
    return;
  }
  if (pushed.length > 0 && random.onceIn(3)) return pullUp(runtime, random.pick(pushed));
  const world = random.pick(free);
  switch (random.below(6)) {
    case 0:
      return deposit(runtime, world, BigInt(1 + random.below(100)));
    case 1: {
      const [child] = await (await runtime.world(world.id)).branch({ count: 1 });
      if (child) load.worlds.push(known(child.id, world));
      return;
    }
    case 2:
      return pushDown(runtime, world);
    default: {
      const token = `${load.name}-${random.below(1_000_000)}`;
      return append(runtime, world, `log.append(${JSON.stringify(token)})`, token);
    }
  }
}

async function append(
  runtime: WorldRuntime,
  world: KnownWorld,
  code: string,
  token: string | null,
): Promise<void> {
  world.doubtful = token;
  const { ok, value } = await (await runtime.world(world.id)).execute(`${code}\nlen(log)`);
  if (token !== null) world.log.push(token);
  world.doubtful = null;
  expect({ ok, value }).toEqual({ ok: true, value: String(world.log.length) });
}

async function deposit(runtime: WorldRuntime, world: KnownWorld, amount: bigint): Promise<void> {
  world.doubtfulGold = amount;
  await (await runtime.world(world.id)).deposit('GOLD', amount);
  world.gold += amount;
  world.doubtfulGold = 0n;
}

async function pushDown(runtime: WorldRuntime, world: KnownWorld): Promise<void> {
  world.inDoubt = 'push-down';
  const { verses } = await (await runtime.world(world.id)).pushDown();
  world.inDoubt = null;
  world.verses = Object.fromEntries(Object.entries(verses).map(([name, { id }]) => [name, known(id, world)]));
  for (const [name, verse] of Object.entries(world.verses)) {
    await append(runtime, verse, `log.append(${JSON.stringify(name)})`, name);
  }
}

async function pullUp(runtime: WorldRuntime, world: KnownWorld): Promise<void> {
  const winner = world.verses?.['chaos'];
  if (!winner) throw new Error('a push-down without chaos');
  world.inDoubt = 'pull-up';
  await (await runtime.world(world.id)).pullUp({ outcome: 'chaos' });
  adopt(world, winner);
}

function adopt(world: KnownWorld, winner: KnownWorld): void {
  world.log = winner.log;
  world.doubtful = winner.doubtful;
  world.verses = null;
  world.inDoubt = null;
}

/**
 * Holds every world against what was acknowledged, and takes what was in doubt as it turned out.
 *
 * @throws when anything that was acknowledged is not there
 */
export async function check(runtime: WorldRuntime, load: Workload): Promise<void> {
  for (const world of load.worlds) {
    const handle = await runtime.world(world.id);
    const { status } = await handle.show();
    const voided = world.inDoubt === 'push-down' && status === 'snapshotted';
    if (voided) {
      await handle.void();
      load.dust += await dustOf(runtime, world);
    }
    if (world.inDoubt === 'pull-up' && status === 'running') {
      const winner = world.verses?.['chaos'];
      if (winner) adopt(world, winner);
    }
    world.inDoubt = null;
    if (world.verses !== null) {
      expect(status, `${world.id} was pushed down`).toBe('snapshotted');
      for (const verse of Object.values(world.verses)) await checkLog(runtime, verse);
      continue;
    }
    await checkLog(runtime, world);
    await checkGold(runtime, world);
  }
}

async function checkLog(runtime: WorldRuntime, world: KnownWorld): Promise<void> {
  const { value } = await (await runtime.world(world.id)).execute(
    '",".join(globals().setdefault("log", []))',
  );
  const found = (value ?? '').slice(1, -1).split(',').filter(Boolean);
  const wanted = [world.log, ...(world.doubtful === null ? [] : [[...world.log, world.doubtful]])];
  expect(wanted, `the log of ${world.id}`).toContainEqual(found);
  world.log = found;
  world.doubtful = null;
}

/** What rounding took from a world whose push-down was voided: less than one base unit for each of the three outcomes. */
async function dustOf(runtime: WorldRuntime, world: KnownWorld): Promise<bigint> {
  const dust = world.gold - (await goldOf(runtime, world));
  expect([0n, 1n, 2n], `the dust of ${world.id}`).toContain(dust);
  world.gold -= dust;
  return dust;
}

async function checkGold(runtime: WorldRuntime, world: KnownWorld): Promise<void> {
  const found = await goldOf(runtime, world);
  expect([world.gold, world.gold + world.doubtfulGold], `the gold of ${world.id}`).toContain(found);
  world.gold = found;
  world.doubtfulGold = 0n;
}

/** Nothing that voiding rounded off is lost: it is in the dust account, in whatever verse it belongs. */
export async function checkDust(runtime: WorldRuntime, loads: readonly Workload[]): Promise<void> {
  const rows = (await runtime.balances()).filter(({ owner, token }) => owner === '@dust' && token === 'GOLD');
  const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, one) => total + one, 0n);
  expect(sum(rows.map(({ amount }) => BigInt(amount)))).toBe(sum(loads.map(({ dust }) => dust)));
}

async function goldOf(runtime: WorldRuntime, world: KnownWorld): Promise<bigint> {
  const handle = await runtime.world(world.id);
  const { verseId } = await handle.show();
  const rows = await handle.balances();
  const row = rows.find((one) => one.token === 'GOLD' && one.verseId === verseId);
  return BigInt(row?.amount ?? '0');
}
