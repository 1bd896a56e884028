import type { Evidence } from '../model/answer-api.js';
import type { ConditionId, VerseId, WorldId } from '../model/ids.js';
import { equalProbabilities, parseProbability, probabilityToText } from '../model/probability.js';
import { WorldError } from '../model/world-error.js';
import {
  type LedgerOp,
  type OracleAnswer,
  type OutcomeReport,
  planPullUp,
  planVoid,
  type Condition as Question,
  SYSTEM_ACCOUNT,
} from '../multiverse/index.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { type AnswerRequest, answerQuestion } from './answer-question.js';
import { requireRunning } from './find-world.js';
import { pullUp, reportsOf } from './pull-up.js';
import type { RuntimeContext } from './runtime-context.js';
import { voidPushDown } from './void-push-down.js';
import type { World } from './world-model.js';

/**
 * Questions and their answers: a condition is opened in a verse, with a push-down's worlds or without any; an answer is
 * proposed, may be disputed while its window is open, and becomes final. The ledger has the rules (propose-outcome.ts).
 */

export interface OpenQuestionRequest {
  readonly outcomes: readonly { readonly name: string; readonly probability?: string | undefined }[];
  /** Seconds for which an answer can be disputed; default 0. */
  readonly disputeWindow?: number | undefined;
}

/**
 * Opens a condition in the world's verse without branching anything: accounts can split their balances by it.
 *
 * @throws WORLD_FROZEN, BAD_INPUT, BAD_NUMBER, PROBABILITIES_UNBALANCED
 */
export async function openQuestion(
  context: RuntimeContext,
  world: World,
  { outcomes, disputeWindow }: OpenQuestionRequest,
  wait: Wait,
): Promise<Question> {
  return context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireRunning(world);
      const condition = context.parts.ids.next('condition');
      const op: LedgerOp = {
        kind: 'openCondition',
        by: SYSTEM_ACCOUNT,
        condition,
        verse: world.verseId,
        outcomes: outcomes.map(({ name }) => name),
        probabilities: probabilitiesOf(outcomes).map(probabilityToText),
        oracle: world.birth.account,
        ...(disputeWindow ? { disputeWindow } : {}),
      };
      await commit(context, [op]);
      return context.model.ledger.condition(condition);
    },
    wait.signal,
  );
}

function probabilitiesOf(outcomes: OpenQuestionRequest['outcomes']): bigint[] {
  const given = outcomes.flatMap(({ probability }) => (probability === undefined ? [] : [probability]));
  if (given.length === 0) return equalProbabilities(outcomes.length);
  if (given.length === outcomes.length) return given.map(parseProbability);
  throw new WorldError(
    'BAD_INPUT',
    'Give every outcome a probability, or none: some have one and some do not.',
  );
}

/**
 * Proposes an outcome, as an oracle finds it. Once the window is over it can be made final.
 *
 * @throws CONDITION_NOT_FOUND, ALREADY_RESOLVED, PROPOSAL_STANDS, VERSE_COLLAPSED, and what `answerQuestion` throws
 */
export async function proposeAnswer(
  context: RuntimeContext,
  id: ConditionId,
  request: AnswerRequest,
  wait: Wait,
): Promise<Question> {
  return holding(context, id, wait, async (question) => {
    const { outcomeIndex, evidence } = await answerOf(context, question, request, wait);
    const at = context.at();
    const answer = { condition: id, outcome: outcomeIndex, source: request.oracle, evidence };
    await commit(context, [{ kind: 'propose', by: SYSTEM_ACCOUNT, ...answer, at: Date.parse(at) }], at);
  });
}

/**
 * Disputes what is proposed. `by` is who says so: a world's account, or the system.
 *
 * @throws CONDITION_NOT_FOUND, NO_PROPOSAL, DISPUTE_WINDOW_OVER, ALREADY_RESOLVED, VERSE_COLLAPSED
 */
export async function disputeAnswer(
  context: RuntimeContext,
  id: ConditionId,
  { by, evidence }: { readonly by?: World | undefined; readonly evidence?: Evidence | undefined },
  wait: Wait,
): Promise<Question> {
  return holding(context, id, wait, async () => {
    const at = context.at();
    const who = by?.birth.account ?? SYSTEM_ACCOUNT;
    const why = evidence === undefined ? {} : { evidence };
    await commit(context, [{ kind: 'dispute', by: who, condition: id, ...why, at: Date.parse(at) }], at);
  });
}

/**
 * Makes what was proposed final. Of a push-down that is a pull-up; of a question without worlds, every owner's balances in
 * the surviving verse merge into the verse in which it was opened.
 *
 * @throws CONDITION_NOT_FOUND, NO_PROPOSAL, DISPUTE_WINDOW_OPEN, ALREADY_RESOLVED, PUSH_DOWN_OPEN, VERSE_COLLAPSED
 */
export async function finaliseAnswer(
  context: RuntimeContext,
  id: ConditionId,
  wait: Wait,
): Promise<{ readonly question: Question; readonly pulledUp: RecordOf<'world.pulled-up'> | null }> {
  const { ledger } = context.model;
  const requireProposal = () => {
    const { proposal, status } = ledger.condition(id);
    if (proposal !== null || status.kind !== 'open') return;
    throw new WorldError('NO_PROPOSAL', `Nothing is proposed for ${id}: propose an outcome first.`, {
      details: { condition: id },
    });
  };
  requireProposal();
  const parent = openParent(context, id);
  if (parent !== null) {
    const pulledUp = await pullUp(context, parent, {}, wait);
    return { question: ledger.condition(id), pulledUp };
  }
  const question = await holding(context, id, wait, async ({ proposal }) => {
    requireProposal();
    const at = context.at();
    const winner = proposal?.outcomeIndex ?? 0;
    const how = { source: proposal?.source ?? 'manual', evidence: proposal?.evidence } as const;
    await commit(context, planPullUp(ledger, { condition: id, winner, ...how, at: Date.parse(at) }), at);
  });
  return { question, pulledUp: null };
}

/**
 * Gives a question up: balances return by probability. Of a push-down that is `void`.
 *
 * @throws CONDITION_NOT_FOUND, ALREADY_RESOLVED, PROPOSAL_STANDS, PUSH_DOWN_OPEN, VERSE_COLLAPSED
 */
export async function voidQuestion(context: RuntimeContext, id: ConditionId, wait: Wait): Promise<Question> {
  const parent = openParent(context, id);
  if (parent === null) {
    return holding(context, id, wait, () =>
      commit(context, planVoid(context.model.ledger, { condition: id })),
    );
  }
  await voidPushDown(context, parent, wait);
  return context.model.ledger.condition(id);
}

/** The world whose open push-down a condition is, or null. */
export function openParent(context: RuntimeContext, id: ConditionId): World | null {
  const pushDown = context.model.conditions.get(id);
  if (pushDown === undefined || pushDown.status !== 'open') return null;
  return context.model.world(pushDown.parentId);
}

/** Works on a condition while the world that opened it does nothing else, such as a pull-up; answers the condition afterwards. */
async function holding(
  context: RuntimeContext,
  id: ConditionId,
  wait: Wait,
  work: (question: Question) => Promise<void>,
): Promise<Question> {
  const { ledger } = context.model;
  const world = worldOf(context, ledger.condition(id));
  await context.locks.hold(
    world === null ? [] : [world.id],
    async () => {
      context.requireOpen();
      await work(ledger.condition(id));
    },
    wait.signal,
  );
  return ledger.condition(id);
}

function answerOf(
  context: RuntimeContext,
  question: Question,
  request: AnswerRequest,
  wait: Wait,
): Promise<OracleAnswer> {
  const asked = {
    outcomes: question.outcomes.map((name, index) => ({
      name,
      probability: question.probabilities[index] ?? 0n,
    })),
    reports: reportsFor(context, question),
    world: requireWorld(context, question),
  };
  return answerQuestion(context, asked, request, wait);
}

/** What was reported for its outcomes: by the worlds of a push-down, else in the ledger. */
export function reportsFor(context: RuntimeContext, question: Question): OutcomeReport[] {
  const pushDown = context.model.conditions.get(question.id);
  return pushDown ? reportsOf(context, pushDown) : [...question.reports.values()];
}

/** The world that opened a question, or null when it is forgotten. */
export function worldOf(context: RuntimeContext, { id, oracle }: Question): World | null {
  const pushDown = context.model.conditions.get(id);
  const parent = pushDown && context.model.worlds.get(pushDown.parentId);
  return parent ?? context.model.worlds.get(oracle as WorldId) ?? null;
}

/** On whose substrate and image, and within whose limits, a function runs. */
function requireWorld(context: RuntimeContext, question: Question): World {
  const world = worldOf(context, question);
  if (world !== null) return world;
  throw new WorldError('WORLD_NOT_FOUND', `The world that opened ${question.id} is forgotten: void it.`, {
    details: { condition: question.id, oracle: question.oracle },
  });
}

export interface PartRequest {
  readonly condition: ConditionId;
  readonly token: string;
  readonly amount: string;
}

/**
 * Splits base units of the world's account by a condition of its verse into every outcome's verse, or merges them back
 * (after an answer: out of the survivors).
 *
 * @throws WORLD_FROZEN, FORBIDDEN for a world of another verse, and what the ledger refuses
 */
export function splitOrMerge(
  context: RuntimeContext,
  kind: 'split' | 'merge',
  world: World,
  { condition, token, amount }: PartRequest,
  wait: Wait,
): Promise<void> {
  return context.locks.hold(
    [world.id],
    async () => {
      context.requireOpen();
      requireRunning(world);
      const { ledger } = context.model;
      const { verse } = ledger.condition(condition);
      requireIn(world, verse, condition);
      const all = ledger.childVerses(condition);
      const live = all.filter((child) => ledger.verse(child).live);
      const children = kind === 'merge' && live.length > 0 ? live : all;
      const owner = world.birth.account;
      await commit(context, [{ kind, by: SYSTEM_ACCOUNT, owner, verse, token, amount, children }]);
    },
    wait.signal,
  );
}

function requireIn(world: World, verse: VerseId, condition: ConditionId): void {
  if (world.verseId === verse) return;
  throw new WorldError(
    'FORBIDDEN',
    `World ${world.name} is not in the verse in which ${condition} was opened: it has nothing there.`,
    { details: { world: world.id, verse: world.verseId, condition } },
  );
}

async function commit(context: RuntimeContext, ledger: LedgerOp[], at = context.at()): Promise<void> {
  context.model.ledger.check(ledger);
  await context.commit({ op: 'ledger.applied', at, ledger });
}
