import { z } from 'zod';
import { parse } from '../../../model/parse.js';
import { Rational } from '../../../model/rational.js';
import { WorldError } from '../../../model/world-error.js';
import type { World } from '../../client/runtime-client.js';
import {
  callOf,
  type DemoStage,
  describeNetwork,
  freeName,
  requireOk,
  runProgram,
  runStrategy,
} from '../demo/demo-stage.js';
import { checkGame } from './check-game.js';
import { type Game, OUTCOMES } from './games.js';
import type { Bounds, GameVerse, WevReport } from './wev-report.js';

/** Same seed, same draws. */
const SEED = 1069;
const NAMES_OF_BOUNDS = "__import__('json').dumps([str(lower), str(upper)])";

/**
 * Plays one game of routing in three verses of a world: everybody for themselves, a planner, and chance. Each computes its cost and
 * reports it; the least wins, and what the others would have lost is measured. An interrupted game is voided.
 *
 * @throws WorldError from any step; BAD_INPUT when a program raises
 */
export async function playWev(stage: DemoStage, game: Game): Promise<WevReport> {
  const { runtime, progress } = stage;
  const world = await runtime.create({ name: await freeName(runtime, game.name), seed: SEED }, callOf(stage));
  if (game.before !== null) await requireOk(world.execute(game.before, callOf(stage)), game.name);
  for (const file of game.setup) await runProgram(stage, world, file);
  const network = game.exponent === null ? await describeNetwork(stage, world) : null;
  progress.step(
    `world ${world.name} has the game; pushed down into ${OUTCOMES.map(({ name }) => name).join(', ')}`,
  );
  const { verses, record } = await world.pushDown({ outcomes: OUTCOMES });
  let played: Played;
  try {
    played = await playVerses(stage, game, verses);
  } catch (thrown) {
    await world.void();
    throw thrown;
  }
  const pulled = await world.pullUp({ oracle: 'least-cost' });
  const reported = new Map((await runtime.list({ all: true })).map(({ id, report }) => [id, report]));
  const found = {
    dataDir: stage.dataDir,
    game: game.name,
    title: game.title,
    exponent: game.exponent,
    drivers: game.drivers,
    world: { id: world.id, name: world.name },
    verses: record.outcomes.map(({ name, worldId, trit, probability }): GameVerse => {
      const said = played.said.get(name) ?? '';
      return { name, trit, probability, cost: reported.get(worldId)?.cost ?? null, said };
    }),
    gf3Sum: record.gf3Sum,
    winner: pulled.winner.outcome,
    wev: pulled.wev,
  };
  const bounds = played.optimum && boundsOf(found.verses, played.optimum);
  const { paths: _, ...roads } = network ?? { paths: [], source: '', target: '', roads: [] };
  const all = { ...found, bounds };
  return { ...all, check: checkGame(game, all, network && roads) };
}

interface Played {
  /** What each verse printed last. */
  readonly said: ReadonlyMap<string, string>;
  readonly optimum: Bounds | null;
}

async function playVerses(
  stage: DemoStage,
  game: Game,
  verses: Readonly<Record<string, World>>,
): Promise<Played> {
  const said = await Promise.all(
    Object.entries(game.programs).map(async ([name, file]) => {
      const { stdout } = await runStrategy(stage, verseOf(verses, name), file);
      return [name, stdout.trim().split('\n').at(-1) ?? ''] as const;
    }),
  );
  return {
    said: new Map(said),
    optimum: game.exponent === null ? null : await askBounds(verseOf(verses, 'optimal')),
  };
}

function verseOf(verses: Readonly<Record<string, World>>, name: string): World {
  const verse = verses[name];
  if (verse) return verse;
  throw new WorldError('INTERNAL', `push-down made no verse ${name}.`);
}

/** The planner cannot name the optimum where that is no fraction, but two fractions around it. */
async function askBounds(verse: World): Promise<Bounds> {
  const { value } = await verse.probe(NAMES_OF_BOUNDS);
  const text = /^'(.*)'$/.exec(value ?? '')?.[1] ?? 'null';
  const [lower, upper] = parse(
    z.tuple([z.string(), z.string()]),
    JSON.parse(text),
    'the bounds of the optimum',
  );
  return { lower, upper };
}

/** Bounds of what follows from the optimum: the measures fall as it rises. */
function boundsOf(verses: readonly GameVerse[], optimum: Bounds): NonNullable<WevReport['bounds']> {
  const { div, sub, toText, ONE } = Rational;
  const nash = Rational.parse(verses.find(({ name }) => name === 'nash')?.cost ?? '0');
  const [lower, upper] = [Rational.parse(optimum.lower), Rational.parse(optimum.upper)];
  const between = (measure: (optimal: Rational) => Rational): Bounds => {
    return { lower: toText(measure(upper)), upper: toText(measure(lower)) };
  };
  return {
    optimum,
    wev: between((optimal) => sub(div(nash, optimal), ONE)),
    wevValue: between((optimal) => sub(nash, optimal)),
  };
}
