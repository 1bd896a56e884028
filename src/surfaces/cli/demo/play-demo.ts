import type { BalanceView, Rows } from '../../../model/api.js';
import { WorldError } from '../../../model/world-error.js';
import type { RuntimeClient } from '../../client/runtime-client.js';
import { checkReport } from './check-report.js';
import type { DemoBalances, DemoReport, DemoTiming, DemoVerse } from './demo-report.js';
import { callOf, type DemoStage, describeNetwork, freeName, runProgram, runStrategy } from './demo-stage.js';

export type { DemoProgress, DemoStage } from './demo-stage.js';

/** What each verse runs. */
const PROGRAMS = { nash: 'selfish.py', optimal: 'optimal.py', chaos: 'random_routing.py' } as const;
/** Same seed, same draws: two runs of the demo differ in ids and times only. */
const SEED = 1069;
const TOKEN = 'USD';
const DEPOSIT = 1000n;
/** The user's target for boot, snapshot and branch. */
const TARGET_MS = 250;
const PARENT_NOW = 'strategy, str(cost)';
const TABLES = ['world_runtime_entities', 'world_branches', 'verse_resolutions', 'runtime_metrics'] as const;
/**
 * Plays the main job once through the public API: one world, three verses, one winner.
 *
 * @throws WorldError from any step; BAD_INPUT when a program of the example raises.
 */
export async function playDemo(stage: DemoStage): Promise<DemoReport> {
  const { runtime, progress } = stage;
  const start = performance.now();
  const world = await runtime.create({ name: await freeName(runtime, 'braess'), seed: SEED }, callOf(stage));
  const firstCreateMs = performance.now() - start;
  progress.step(`created world ${world.name}`);
  await runProgram(stage, world, 'network.py');
  const network = await describeNetwork(stage, world);
  progress.step(`loaded network.py: ${network.roads.length} roads, paths ${network.paths.join(', ')}`);
  const before = balancesOf(await world.deposit(TOKEN, DEPOSIT));
  const snapshot = await world.snapshot(`${world.name}-before`);
  progress.step(`deposited ${DEPOSIT} ${TOKEN}, took snapshot ${snapshot.name}`);

  const { verses, record } = await world.pushDown();
  const split = balancesOf(await world.balances());
  progress.step(`pushed down into ${record.outcomes.map(({ name }) => name).join(', ')}; all three run now`);
  const executions = new Map(
    await Promise.all(
      Object.entries(PROGRAMS).map(async ([name, file]) => {
        const verse = verses[name];
        if (!verse) throw new WorldError('INTERNAL', `push-down made no verse ${name}.`);
        return [name, await runStrategy(stage, verse, file)] as const;
      }),
    ),
  );
  const pulled = await world.pullUp({ oracle: 'least-cost' });
  progress.step(
    `pulled up by ${pulled.oracle.source}: ${world.name} is now what ${pulled.winner.outcome} was`,
  );

  const parentNow = { code: PARENT_NOW, value: (await world.execute(PARENT_NOW)).value };
  const worlds = new Map((await runtime.list({ all: true })).map((view) => [view.id, view]));
  const found: Omit<DemoReport, 'check'> = {
    dataDir: stage.dataDir,
    world: { id: world.id, name: world.name },
    network: { roads: network.roads.length, paths: network.paths },
    snapshot: { id: snapshot.id, name: snapshot.name },
    verses: record.outcomes.map(({ name, worldId, trit, probability }): DemoVerse => {
      const execution = executions.get(name);
      const view = worlds.get(worldId);
      const said = execution?.stdout.trim().split('\n').at(-1) ?? '';
      const { timeMs = 0, runMs = 0 } = execution ?? {};
      const cost = view?.report?.cost ?? null;
      return {
        name,
        worldId,
        trit,
        probability,
        status: view?.status ?? 'missing',
        cost,
        said,
        timeMs,
        runMs,
      };
    }),
    gf3Sum: record.gf3Sum,
    oracle: pulled.oracle.source,
    winner: pulled.winner.outcome,
    wev: pulled.wev,
    parentNow,
    balances: { before, split, after: balancesOf(await world.balances()) },
    timings: timingsOf(
      await runtime.metrics(),
      new Set([world.id, ...record.outcomes.map((o) => o.worldId)]),
    ),
    firstCreateMs,
    pullUpTimeMs: pulled.pullUpTimeMs,
    totalMs: performance.now() - start,
    rows: await countRows(runtime),
  };
  const { paths: _, ...roads } = network;
  return { ...found, check: checkReport(found, roads) };
}

function balancesOf(views: readonly BalanceView[]): DemoBalances {
  const byVerse: Record<string, Record<string, string>> = {};
  for (const { verse, token, amount } of views) byVerse[verse] = { ...byVerse[verse], [token]: amount };
  return byVerse;
}

function timingsOf(metrics: Rows, worldIds: ReadonlySet<string>): DemoTiming[] {
  const own = metrics.filter((row) => worldIds.has(String(row['entity_id'])));
  return (['boot', 'snapshot', 'branch'] as const).map((what) => {
    const times = own.flatMap((row) => {
      const ms = row[`${what}_time_ms`];
      return ms === null || ms === undefined ? [] : [Number(ms)];
    });
    return { what, n: times.length, slowestMs: Math.max(0, ...times), targetMs: TARGET_MS };
  });
}

async function countRows(runtime: RuntimeClient): Promise<Record<string, number>> {
  const counts = TABLES.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`).join(', ');
  const { columns, rows } = await runtime.query(`SELECT ${counts}`);
  return Object.fromEntries(columns.map((column, index) => [column, Number(rows[0]?.[index] ?? 0)]));
}
