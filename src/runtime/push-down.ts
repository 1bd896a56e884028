import type { ConditionId, VerseId } from '../model/ids.js';
import {
  equalProbabilities,
  parseProbability,
  probabilityToText,
  requireSumToOne,
} from '../model/probability.js';
import { defaultTrits, requireBalanced, type Trit } from '../model/trit.js';
import { WorldError } from '../model/world-error.js';
import { planPushDown } from '../multiverse/index.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import type { Branched } from './branch.js';
import { requireRunning } from './find-world.js';
import type { RuntimeContext } from './runtime-context.js';
import { startChildren } from './start-children.js';
import type { ChildSpec } from './world-births.js';
import type { World } from './world-model.js';

type Role = 'nash' | 'optimal';

export interface OutcomeRequest {
  readonly name: string;
  readonly trit?: Trit | undefined;
  /** Decimal text. */
  readonly probability?: string | undefined;
  readonly role?: Role | undefined;
}

export interface PushDownRequest {
  readonly outcomes?: readonly OutcomeRequest[];
  /** Base units to split, by token; default: all the account has. */
  readonly amounts?: Readonly<Record<string, bigint>>;
  readonly commonRandomNumbers?: boolean;
  /** Seconds for which an answer can be disputed before it is final; default 0: a pull-up resolves at once. */
  readonly disputeWindow?: number;
}

interface Outcome {
  readonly name: string;
  readonly trit: Trit;
  /** Units of 1e-18. */
  readonly probability: bigint;
  readonly role: Role | null;
}

/** The triad of the user's document. */
const DEFAULT_OUTCOMES: readonly OutcomeRequest[] = [
  { name: 'nash', trit: -1, probability: '0.45' },
  { name: 'optimal', trit: 0, probability: '0.35' },
  { name: 'chaos', trit: 1, probability: '0.20' },
];

/**
 * Opens a fresh condition in the world's verse, splits its account's balances into the outcomes' verses and
 * starts one world per outcome on the world's head. The world itself waits, `snapshotted`, until pull-up or void.
 *
 * @throws TRITS_UNBALANCED, PROBABILITIES_UNBALANCED, BAD_INPUT, WORLD_FROZEN, WORLD_COLLAPSED, INSUFFICIENT_BALANCE
 */
export async function pushDown(
  context: RuntimeContext,
  parent: World,
  request: PushDownRequest,
  wait: Wait,
): Promise<Branched<'world.pushed-down'>> {
  const outcomes = outcomesOf(request.outcomes ?? DEFAULT_OUTCOMES);
  return context.locks.hold(
    [parent.id],
    async () => {
      context.requireOpen();
      requireRunning(parent);
      const conditionId = context.parts.ids.next('condition');
      const plan = (): ReturnType<typeof planPushDown> =>
        planFor(context, parent, { conditionId, outcomes, request });
      // Refused here before any machine starts; planned again when the record is made, as others may have paid in.
      const { ops, children: verses } = plan();
      context.model.ledger.check(ops);
      const how = {
        specs: childSpecs(parent, outcomes, verses),
        entityType: 'verse' as const,
        commonRandomNumbers: request.commonRandomNumbers ?? false,
        wait,
      };
      return startChildren(context, parent, how, async (children) => {
        const record: RecordOf<'world.pushed-down'> = {
          op: 'world.pushed-down',
          at: context.at(),
          branchId: context.parts.ids.next('branch'),
          parentId: parent.id,
          state: parent.head,
          children: children.births,
          gf3Sum: 0,
          snapshotTimeMs: children.snapshotTimeMs,
          metrics: children.metrics,
          conditionId,
          parentVerseId: parent.verseId,
          outcomes: outcomes.map(({ name, role, probability }, index) => {
            const birth = children.births[index];
            if (!birth) throw new WorldError('INTERNAL', `Outcome ${name} has no world.`);
            return {
              name,
              role,
              probability: probabilityToText(probability),
              verseId: birth.verseId,
              worldId: birth.worldId,
            };
          }),
          ledger: plan().ops,
        };
        await context.commit(record);
        return { ...record, branchTimeMs: children.branchTimeMs };
      });
    },
    wait.signal,
  );
}

function outcomesOf(requested: readonly OutcomeRequest[]): Outcome[] {
  const names = requested.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new WorldError(
      'BAD_INPUT',
      `Two outcomes are named ${JSON.stringify(twice)}. Give each its own name.`,
    );
  }
  const trits = allOrNone(requested, 'trit') ?? defaultTrits(requested.length);
  requireBalanced(trits);
  const probabilities =
    allOrNone(requested, 'probability')?.map(parseProbability) ?? equalProbabilities(requested.length);
  requireSumToOne(probabilities);
  const someRole = requested.some(({ role }) => role !== undefined);
  return requested.map(({ name, role }, index) => ({
    name,
    trit: trits[index] ?? 0,
    probability: probabilities[index] ?? 0n,
    role: role ?? (someRole ? null : roleByName(name)),
  }));
}

function roleByName(name: string): Role | null {
  return name === 'nash' || name === 'optimal' ? name : null;
}

function allOrNone<K extends 'trit' | 'probability'>(
  requested: readonly OutcomeRequest[],
  field: K,
): NonNullable<OutcomeRequest[K]>[] | null {
  const values = requested.flatMap((outcome) => {
    const value = outcome[field];
    return value === undefined ? [] : [value as NonNullable<OutcomeRequest[K]>];
  });
  if (values.length === 0) return null;
  if (values.length === requested.length) return values;
  throw new WorldError('BAD_INPUT', `Give every outcome a ${field}, or none: some have one and some do not.`);
}

function planFor(
  context: RuntimeContext,
  parent: World,
  how: { conditionId: ConditionId; outcomes: readonly Outcome[]; request: PushDownRequest },
): ReturnType<typeof planPushDown> {
  return planPushDown(context.model.ledger, {
    condition: how.conditionId,
    verse: parent.verseId,
    outcomes: how.outcomes,
    account: parent.birth.account,
    amounts: how.request.amounts,
    disputeWindow: how.request.disputeWindow,
  });
}

function childSpecs(parent: World, outcomes: readonly Outcome[], verses: readonly VerseId[]): ChildSpec[] {
  return outcomes.map((outcome, index) => ({
    name: `${parent.name}/${outcome.name}`,
    verse: outcome.name,
    trit: outcome.trit,
    probability: probabilityToText(outcome.probability),
    verseId: verses[index] ?? parent.verseId,
    account: parent.birth.account,
  }));
}
