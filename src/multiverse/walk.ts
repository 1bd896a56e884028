import { createHash } from 'node:crypto';
import { SPLIT_MIX_GAMMA } from '../model/split-mix.js';
import { gf3Sum, type Trit } from '../model/trit.js';
import type { WalkStep } from '../model/walk-api.js';
import { canonicalJson } from './canonical-json.js';

/**
 * The pure part of the chromatic walk: the seeds of its three agents, the colour of a number, the root of a walk, and whether
 * a proposed step may be taken. What runs it is runtime/walk.ts.
 */

/** Multiplier between two turns' seeds, odd, so that no two seeds become one. */
const MIX = 0xbf58476d1ce4e5b9n;
const ROOT_DOMAIN = 'world-runtime walk 1';

/** The genesis of a walk for which nobody chose one. */
export const WALK_GENESIS = 1069n;

/** One for each agent; u64. */
export interface WalkSeeds {
  readonly generator: bigint;
  readonly coordinator: bigint;
  readonly validator: bigint;
}

/** An agent, its trit and the verse that it works in, in the order of their work. */
export const WALK_AGENTS = [
  { agent: 'generator', trit: 1, verse: 'chaos' },
  { agent: 'coordinator', trit: 0, verse: 'optimal' },
  { agent: 'validator', trit: -1, verse: 'nash' },
] as const satisfies readonly { agent: keyof WalkSeeds; trit: Trit; verse: string }[];

export type WalkAgent = (typeof WALK_AGENTS)[number]['agent'];

/** The agents' seeds of turn 0, of a genesis that is taken modulo 2^64. */
export function firstSeeds(genesis: bigint): WalkSeeds {
  const generator = BigInt.asUintN(64, genesis);
  return {
    generator,
    coordinator: generator ^ SPLIT_MIX_GAMMA,
    validator: generator ^ BigInt.asUintN(64, SPLIT_MIX_GAMMA << 1n),
  };
}

/** The seed of an agent's next turn: (seed ^ (trit * gamma)) * MIX modulo 2^64. */
export function nextTurnSeed(seed: bigint, trit: Trit): bigint {
  const turned = BigInt.asUintN(64, seed) ^ BigInt.asUintN(64, BigInt(trit) * SPLIT_MIX_GAMMA);
  return BigInt.asUintN(64, turned * MIX);
}

/** The seeds of the turn after the one that had these. */
export function nextSeeds(seeds: WalkSeeds): WalkSeeds {
  const [plus, ergodic, minus] = WALK_AGENTS;
  return {
    generator: nextTurnSeed(seeds.generator, plus.trit),
    coordinator: nextTurnSeed(seeds.coordinator, ergodic.trit),
    validator: nextTurnSeed(seeds.validator, minus.trit),
  };
}

/** The seeds of turn number `turn` (from 0). */
export function seedsOfTurn(genesis: bigint, turn: number): WalkSeeds {
  let seeds = firstSeeds(genesis);
  for (let at = 0; at < turn; at += 1) seeds = nextSeeds(seeds);
  return seeds;
}

/** The upper 24 bits of a 64-bit number as `#rrggbb`. */
export function colourOf(drawn: bigint): string {
  return `#${(BigInt.asUintN(64, drawn) >> 40n).toString(16).padStart(6, '0')}`;
}

/** A seed as it is written everywhere: `0x` and 16 digits. */
export function seedText(seed: bigint): string {
  return `0x${seed.toString(16).padStart(16, '0')}`;
}

/**
 * The roots of a walk and of all walks that it went on from: [0] is that of no step, the last one that of all steps. Each
 * is the SHA-256 over the one before and the canonical JSON of its step, so it names the whole walk, in any world.
 */
export function walkRoots(steps: readonly WalkStep[]): string[] {
  const roots = [sha256(ROOT_DOMAIN)];
  for (const step of steps) roots.push(sha256(`${roots.at(-1)}\n${canonicalJson(step)}`));
  return roots;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The turn with which a world that has these steps goes on in the walk of this genesis. */
export function nextTurn(steps: readonly WalkStep[], genesis: bigint): number {
  const text = seedText(BigInt.asUintN(64, genesis));
  return steps.reduce((next, step) => (step.genesis === text ? Math.max(next, step.turn + 1) : next), 0);
}

/** What came of one turn, as the runtime itself saw it. */
export interface ProposedStep {
  /** What each agent's world says its trit is, in the order of their work. */
  readonly trits: readonly Trit[];
  /** What the coordinator answered. */
  readonly step: WalkStep;
  /** Roots by which the coordinator's state is known: that of its walk, and its own where it has one. */
  readonly roots: readonly string[];
  /** True, or why the validator does not agree. */
  readonly verdict: true | string;
}

/**
 * Why a step may not be taken; null when it may.
 *
 * @param visited the roots of where the walk has been
 */
export function whyRejected(proposed: ProposedStep, visited: ReadonlySet<string>): string | null {
  const { trits, step, roots, verdict } = proposed;
  const again = roots.find((root) => visited.has(root));
  if (again !== undefined) return `revisits the state with root ${again.slice(0, 16)}`;
  const sum = gf3Sum(trits);
  if (sum !== 0) return `the trits ${tritsText(trits)} do not conserve: their sum is ${sum} mod 3`;
  const said = gf3Sum(step.trits);
  if (said !== 0)
    return `the trits of the step ${tritsText(step.trits)} do not conserve: their sum is ${said} mod 3`;
  return verdict === true ? null : `the validator disagrees: ${verdict}`;
}

function tritsText(trits: readonly Trit[]): string {
  return trits.map((trit) => (trit > 0 ? `+${trit}` : `${trit}`)).join(', ');
}
