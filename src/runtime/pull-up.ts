import type { ConditionId, StateId } from '../model/ids.js';
import { parseProbability } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import {
  losingBalances,
  measureWev,
  type OracleAnswer,
  type OracleSource,
  type OutcomeReport,
  planPullUp,
  type StakesPlan,
  type WevMeasurement,
} from '../multiverse/index.js';
import type { RecordOf, WevRecord } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { type AnswerRequest, answerQuestion } from './answer-question.js';
import { requireHead } from './execute.js';
import { requireNotDeleted } from './find-world.js';
import { holdFamily } from './hold-family.js';
import type { RuntimeContext } from './runtime-context.js';
import { NO_STAKES, planStakesOf, type Stakes } from './stakes.js';
import { nextIdentity } from './world-births.js';
import { type Condition, isLive, type World } from './world-model.js';

/** What is left out of the answer is what was proposed, or else `manual` with its default outcome. */
export interface PullUpRequest extends Partial<AnswerRequest> {
  /** Refuse unless this push-down is still the open one. */
  readonly condition?: ConditionId;
  /** Refuse with `HEAD_MOVED` unless this is the winner's state. */
  readonly expectHead?: StateId;
  /** What other accounts stake on its outcomes, in the same record. */
  readonly stakes?: Stakes;
}

/** What the manual oracle says when nothing else is said. */
const OUTCOME_DEFAULT = 'optimal';

/**
 * Resolves a world's open push-down: an oracle names the outcome, every owner's balances in the surviving verse
 * merge into the parent's, the parent adopts the winner's state under its own id, and the losers collapse with all
 * worlds below them. One journal record, so all of it happens or none.
 *
 * Where answers can be disputed, the outcome must have been proposed (questions.ts) and its window be over.
 *
 * @throws NO_PUSH_DOWN, PUSH_DOWN_OPEN (the winner, or a world below it, still has one), REPORT_MISSING, HEAD_MOVED, BAD_INPUT,
 *   ORACLE_FAILED, NO_PROPOSAL, PROPOSAL_STANDS, DISPUTE_WINDOW_OPEN; with stakes also WORLD_FROZEN, FORBIDDEN, BAD_AMOUNT,
 *   INSUFFICIENT_BALANCE, BALANCE_ENCUMBERED, TOKEN_UNSPLITTABLE
 */
export async function pullUp(
  context: RuntimeContext,
  parent: World,
  request: PullUpRequest,
  wait: Wait,
): Promise<RecordOf<'world.pulled-up'>> {
  return holdFamily(
    context,
    parent,
    async () => {
      context.requireOpen();
      const start = context.parts.clock.monotonicMs();
      const condition = openConditionOf(context, parent, request.condition);
      const reports = reportsOf(context, condition);
      const { source, answer } = await finalAnswer(context, { parent, condition, reports }, request, wait);
      const plan = settle(context, parent, condition, answer.outcomeIndex);
      requireHead(plan.winner, request.expectHead);
      const stakes = request.stakes
        ? planStakesOf(context, { parent, condition, winner: answer.outcomeIndex, stakes: request.stakes })
        : NO_STAKES;
      const at = context.at();
      const resolve = planPullUp(context.model.ledger, {
        condition: condition.id,
        winner: answer.outcomeIndex,
        source,
        evidence: answer.evidence,
        at: Date.parse(at),
      });
      const ledger = [...stakes.before, ...resolve, ...stakes.after];
      context.model.ledger.check(ledger);
      const record: RecordOf<'world.pulled-up'> = {
        op: 'world.pulled-up',
        at,
        resolutionId: context.parts.ids.next('resolution'),
        conditionId: condition.id,
        parentId: parent.id,
        winnerId: plan.winner.id,
        winnerOutcome: plan.outcome,
        state: plan.winner.head,
        identity: nextIdentity(parent),
        collapsed: plan.collapsed.map(({ id }) => id),
        rehomed: plan.rehomed.map(({ id }) => id),
        verses: condition.outcomes.map(({ worldId }) => worldId),
        oracle: { source, evidence: answer.evidence },
        wev: wevOf(context, condition, { reports, winner: answer.outcomeIndex, stakes, request }),
        pullUpTimeMs: context.parts.clock.monotonicMs() - start,
        ledger,
      };
      await context.commit(record);
      for (const world of [parent, plan.winner, ...plan.collapsed]) await context.retire(world.id);
      return record;
    },
    wait,
  );
}

/** @throws NO_PUSH_DOWN, also when the open one is not the one that is meant; WORLD_DELETED */
export function openConditionOf(context: RuntimeContext, parent: World, meant?: ConditionId): Condition {
  requireNotDeleted(parent);
  const { openCondition } = parent;
  if (meant !== undefined && meant !== openCondition) {
    throw new WorldError(
      'NO_PUSH_DOWN',
      `The push-down of world ${parent.name} was resolved or taken back meanwhile. See: wr log ${parent.name} --graph`,
      { details: { world: parent.id, condition: meant } },
    );
  }
  if (openCondition !== null) return context.model.condition(openCondition);
  throw new WorldError(
    'NO_PUSH_DOWN',
    `World ${parent.name} has no open push-down. ${adviceFor(context, parent)}`,
    {
      details: { world: parent.id },
    },
  );
}

/** Naming a verse makes it the current world, so the parent is often what was meant. */
function adviceFor(context: RuntimeContext, world: World): string {
  const own = world.outcome && context.model.condition(world.outcome.conditionId);
  if (own?.status !== 'open') return `First: wr push-down ${world.name}`;
  const { name } = context.model.world(own.parentId);
  return `It is a verse of ${name}; to resolve that: wr pull-up ${name}, to take it back: wr void ${name}`;
}

/** What is asked for; when nothing is, what was proposed. */
async function finalAnswer(
  context: RuntimeContext,
  asked: { parent: World; condition: Condition; reports: readonly OutcomeReport[] },
  request: PullUpRequest,
  wait: Wait,
): Promise<{ source: OracleSource; answer: OracleAnswer }> {
  const { proposal } = context.model.ledger.condition(asked.condition.id);
  if (proposal !== null && request.oracle === undefined && request.outcome === undefined) {
    const { outcomeIndex, evidence, source } = proposal;
    return { source, answer: { outcomeIndex, evidence } };
  }
  const source = request.oracle ?? 'manual';
  const outcome = request.outcome ?? (source === 'manual' ? OUTCOME_DEFAULT : undefined);
  const { outcomes } = asked.condition;
  const question = {
    outcomes: outcomes.map(({ name, probability }) => ({ name, probability: parseProbability(probability) })),
    reports: asked.reports,
    world: asked.parent,
  };
  return {
    source,
    answer: await answerQuestion(context, question, { ...request, oracle: source, outcome }, wait),
  };
}

/** What the push-down's own worlds reported last. */
export function reportsOf(context: RuntimeContext, condition: Condition): OutcomeReport[] {
  return condition.outcomes.flatMap(({ worldId }, index) => {
    const { report } = context.model.world(worldId);
    if (!report) return [];
    const cost = report.cost === null ? {} : { cost: Rational.parse(report.cost) };
    const value = report.value === null ? {} : { value: Rational.parse(report.value) };
    return [{ outcomeIndex: index, ...cost, ...value }];
  });
}

function settle(
  context: RuntimeContext,
  parent: World,
  condition: Condition,
  winnerIndex: number,
): { winner: World; outcome: string; collapsed: World[]; rehomed: World[] } {
  const { model } = context;
  const outcome = condition.outcomes[winnerIndex];
  if (!outcome)
    throw new WorldError('INTERNAL', `The oracle named outcome ${winnerIndex}, which does not exist.`);
  const winner = model.world(outcome.worldId);
  refuseNested(parent, [winner, ...model.descendants(winner)]);
  const losers = condition.outcomes
    .filter((one) => one !== outcome)
    .map(({ worldId }) => model.world(worldId));
  const collapsed = losers.flatMap((loser) => [loser, ...model.descendants(loser)]).filter(isLive);
  const rehomed = model.descendants(winner).filter((one) => isLive(one) && one.verseId === winner.verseId);
  return { winner, outcome: outcome.name, collapsed, rehomed };
}

/**
 * The winner's verse merges into the parent's, and all who act in it move there. Balances that a push-down in it has
 * split further would return to the old verse later, where nobody acts for them.
 */
function refuseNested(parent: World, surviving: readonly World[]): void {
  const open = surviving.find((world) => world.openCondition !== null);
  if (!open) return;
  throw new WorldError(
    'PUSH_DOWN_OPEN',
    `World ${open.name} in the winning verse has an open push-down of its own. First: wr pull-up ${open.name}, ` +
      `or: wr void ${open.name}`,
    { details: { world: open.id, parent: parent.id, condition: open.openCondition } },
  );
}

interface Found {
  readonly reports: readonly OutcomeReport[];
  readonly winner: number;
  readonly stakes: StakesPlan;
  readonly request: PullUpRequest;
}

/**
 * WEV is a measurement: where it cannot be taken, the resolution goes on and the record says why. A verse that is
 * cheaper than the one labelled optimal is such a case (`MISLABELLED_OPTIMUM`). What evaporates is known either way.
 */
function wevOf(context: RuntimeContext, condition: Condition, found: Found): WevRecord {
  const losing = losingBalances(context.model.ledger, condition.id, found.winner);
  const token = found.request.stakes?.token;
  if (token !== undefined) losing[token] = (losing[token] ?? 0n) + found.stakes.evaporates;
  const text = (value: Rational | null): string | null => value && Rational.toText(value);
  const known = { losingBalances: mapValues(losing, String), unbounded: false };
  try {
    const wev = measure(condition, found);
    return {
      ...known,
      poa: text(wev.poa),
      wev: text(wev.wev),
      wevValue: text(wev.wevValue),
      regret: text(wev.regret),
      pctExtractable: text(wev.pctExtractable),
      wevExpected: text(wev.wevExpected),
      unbounded: wev.unbounded,
      wevReason: wev.reasons.wev ?? null,
    };
  } catch (thrown) {
    if (!(thrown instanceof WorldError)) throw thrown;
    return { ...known, ...NOTHING_MEASURED, wevReason: `${thrown.code}: ${thrown.message}` };
  }
}

const NOTHING_MEASURED = {
  poa: null,
  wev: null,
  wevValue: null,
  regret: null,
  pctExtractable: null,
  wevExpected: null,
};

function measure(condition: Condition, found: Found): WevMeasurement {
  return measureWev({
    verses: condition.outcomes.map(({ name, role, probability }, index) => ({
      name,
      role: role ?? undefined,
      probability: parseProbability(probability),
      cost: found.reports.find((report) => report.outcomeIndex === index)?.cost,
    })),
    winner: found.winner,
  });
}

function mapValues<V, W>(object: Readonly<Record<string, V>>, map: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
