import type { ExecutionView, PullUpInput, PullUpView, PushDownView } from '../model/api.js';
import type { BestOfInput, BestOfView } from '../model/contest-api.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import type { Caller } from './caller.js';
import { entrantView, type Failure, failureOf, type Ran, raised, ranIn, reported } from './entrant.js';
import { type GuestLanguage, PYTHON } from './guest-program.js';
import { inVerses } from './in-verses.js';

/** A try that ran and did not fail. */
export interface Tried {
  /** Name of its verse, and its number from 1. */
  readonly name: string;
  readonly number: number;
  readonly worldId: string;
  readonly execution: ExecutionView;
}

/** Answers a try's score, as a number in text. What it throws is why the try has none. */
export type Scorer = (tried: Tried) => Promise<string>;

export interface BestOfHow {
  /** Default: what `score` of the input says. */
  readonly scorer?: Scorer;
  readonly language?: GuestLanguage;
}

/** Tries that are scored at a time. */
const PARALLEL_SCORES = 16;

interface Scored {
  readonly ran: Ran;
  readonly score: Rational | null;
  readonly failure: Failure | null;
}

/**
 * Runs one program in many verses of a world and makes the world the one with the greatest score; of equal ones the first. Every
 * try has random numbers of its own. Scores are reported as `value`, and the oracle is `most-value`; when some try has no score, or does not
 * report the one that it has, the best wins by hand, with the scores as evidence. When none has one the push-down is voided.
 *
 * Tries own nothing: the world's balances stay where they are, so that nothing is lost however this ends. Only COMPUTE is drawn.
 *
 * @throws what its actions throw; the push-down is voided before. INTERRUPTED likewise.
 */
export async function bestOf(caller: Caller, input: BestOfInput, how: BestOfHow = {}): Promise<BestOfView> {
  const { language = PYTHON } = how;
  const world = await caller.show(input.world);
  const outcomes = Array.from({ length: input.tries }, (_, index) => ({ name: `try-${index + 1}` }));
  return inVerses(caller, world, outcomes, async (pushed) => {
    const scorer = how.scorer ?? ownScorer(caller, input, language);
    const tries = await scoreAll(await runAll(caller, pushed, input), scorer);
    const winner = bestOfAll(tries);
    const said = await reportAll(caller, tries, input, language);
    const decision = said ? ({ oracle: 'most-value' } as const) : byHand(tries, winner);
    const resolution = winner && (await caller.pullUp({ world: world.id, ...decision }));
    return viewOf(pushed, world.name, { tries, winner, resolution });
  });
}

async function runAll(caller: Caller, pushed: PushDownView, input: BestOfInput): Promise<Ran[]> {
  const worlds = pushed.outcomes.map(({ worldId }) => worldId);
  const { code, budgetMs, timeoutMs } = input;
  const bounds = {
    ...(budgetMs === undefined ? {} : { budgetMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  return ranIn(pushed, await caller.executeInAll({ worlds, code, ...bounds }));
}

/** Looks at a try on a machine of its own, so that scoring changes nothing of what may win. */
function ownScorer(caller: Caller, input: BestOfInput, language: GuestLanguage): Scorer {
  const { score, timeoutMs } = input;
  if (score === undefined) return async ({ execution }) => ownFigure(execution);
  const code = language.ask(score, 'score');
  return async ({ execution }) => {
    const bound = timeoutMs === undefined ? {} : { timeoutMs };
    const probed = await caller.probe({ state: execution.state, code, ...bound });
    const failure = raised(probed);
    if (failure)
      throw new WorldError('REPORT_MISSING', `the score raised ${failure.code}: ${failure.message}`);
    const answer = language.answer(probed.value);
    if (answer.is === 'number') return answer.number;
    const what = answer.is === 'other' ? `a ${answer.type}` : answer.is;
    throw new WorldError('REPORT_MISSING', `the score must end in a number, not in ${what}`);
  };
}

/** @throws REPORT_MISSING */
function ownFigure(execution: ExecutionView): string {
  const figure = reported(execution, 'value') ?? execution.value;
  if (figure !== null && isNumber(figure)) return figure;
  throw new WorldError(
    'REPORT_MISSING',
    'it neither reported a value (world.report(value=...)) nor ended in a number',
  );
}

function isNumber(text: string): boolean {
  try {
    Rational.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function scoreAll(tries: readonly Ran[], scorer: Scorer): Promise<Scored[]> {
  const scored: Scored[] = [];
  for (let from = 0; from < tries.length; from += PARALLEL_SCORES) {
    const some = tries.slice(from, from + PARALLEL_SCORES);
    scored.push(...(await Promise.all(some.map((ran, index) => scoreOne(ran, from + index + 1, scorer)))));
  }
  return scored;
}

async function scoreOne(ran: Ran, number: number, scorer: Scorer): Promise<Scored> {
  const { name, worldId, execution, failure } = ran;
  if (failure !== null || execution === null) return { ran, score: null, failure };
  try {
    const score = Rational.parse(await scorer({ name, number, worldId, execution }));
    return { ran, score, failure: null };
  } catch (thrown) {
    return { ran, score: null, failure: failureOf(thrown) };
  }
}

/** Has every try report its score, where it did not do so itself. True when all of them now say what they scored. */
async function reportAll(
  caller: Caller,
  tries: readonly Scored[],
  input: BestOfInput,
  language: GuestLanguage,
): Promise<boolean> {
  if (tries.some(({ score }) => score === null)) return false;
  const missing = tries.flatMap(({ ran, score }) =>
    score === null || hasReported(ran.execution, score) ? [] : [{ ran, score }],
  );
  if (missing.length === 0) return true;
  const items = await caller.executeInAll(
    {
      worlds: missing.map(({ ran }) => ran.worldId),
      codes: Object.fromEntries(
        missing.map(({ ran, score }) => [ran.name, language.report(Rational.toText(score))]),
      ),
      ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
    },
    { silent: true },
  );
  return missing.every(({ ran, score }) => {
    const item = items.find(({ worldId }) => worldId === ran.worldId);
    return item?.execution?.ok === true && hasReported(item.execution, score);
  });
}

function hasReported(execution: ExecutionView | null, score: Rational): boolean {
  const value = execution && reported(execution, 'value');
  return value !== null && Rational.equals(Rational.parse(value), score);
}

/** The greatest score; of equal ones the first. */
function bestOfAll(tries: readonly Scored[]): Scored | null {
  return tries.reduce<Scored | null>((best, one) => {
    if (one.score === null) return best;
    if (best === null || best.score === null) return one;
    return Rational.cmp(one.score, best.score) > 0 ? one : best;
  }, null);
}

function byHand(tries: readonly Scored[], winner: Scored | null): PullUpInput {
  const scores = tries.map(({ ran, score }) => [ran.name, score && Rational.toText(score)]);
  return {
    oracle: 'manual',
    evidence: { decidedBy: 'best-of', scores: Object.fromEntries(scores) },
    ...(winner === null ? {} : { outcome: winner.ran.name }),
  };
}

function viewOf(
  pushed: PushDownView,
  world: string,
  found: { tries: readonly Scored[]; winner: Scored | null; resolution: PullUpView | null },
): BestOfView {
  return {
    worldId: pushed.parentId,
    world,
    conditionId: pushed.conditionId,
    tries: found.tries.map((one) => {
      const score = one.score && Rational.toText(one.score);
      return entrantView(one.ran, { score, failure: one.failure, won: one === found.winner });
    }),
    winner: found.winner?.ran.name ?? null,
    resolution: found.resolution,
  };
}
