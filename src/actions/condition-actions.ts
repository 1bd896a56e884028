import { z } from 'zod';
import { BalanceView } from '../model/api.js';
import {
  ConditionInput,
  ConditionListInput,
  ConditionView,
  DisputeInput,
  OpenConditionInput,
  PartInput,
  ProposeInput,
} from '../model/condition-api.js';
import { probabilityToText } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { oracleStateOf, type Condition as Question } from '../multiverse/index.js';
import { findWorld } from '../runtime/find-world.js';
import {
  disputeAnswer,
  finaliseAnswer,
  openParent,
  openQuestion,
  proposeAnswer,
  reportsFor,
  splitOrMerge,
  voidQuestion,
  worldOf,
} from '../runtime/questions.js';
import { findQuestion, lookUpWorld } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { type Call, defineAction, waitOf } from './action.js';
import { balancesOf } from './ledger-actions.js';

export const conditionOpen = defineAction({
  name: 'condition-open',
  summary: "open a question with outcomes in a world's verse, without branching it",
  effect: 'changes',
  input: OpenConditionInput,
  output: ConditionView,
  async run(context, { world, ...request }, call) {
    return viewOf(context, await openQuestion(context, findWorld(context, world), request, waitOf(call)));
  },
});

export const conditionList = defineAction({
  name: 'condition-list',
  summary: 'list questions, what is proposed for them and until when it can be disputed',
  effect: 'reads',
  input: ConditionListInput,
  output: z.array(ConditionView),
  async run(context, { all = false }) {
    const questions = context.model.ledger.conditions();
    return questions
      .filter(({ status }) => all || status.kind === 'open')
      .map((question) => viewOf(context, question));
  },
});

export const conditionShow = defineAction({
  name: 'condition-show',
  summary: 'show a question: its outcomes, what their worlds reported, and its answer',
  effect: 'reads',
  input: ConditionInput,
  output: ConditionView,
  async run(context, { condition }) {
    return viewOf(context, questionFor(context, condition));
  },
});

export const conditionPropose = defineAction({
  name: 'condition-propose',
  summary: 'propose the outcome of a question; it can be disputed while its window is open',
  effect: 'changes',
  input: ProposeInput,
  output: ConditionView,
  async run(context, { condition, oracle = 'manual', ...answer }, call) {
    const { id } = questionFor(context, condition);
    return viewOf(context, await proposeAnswer(context, id, { ...answer, oracle }, waitOf(call)));
  },
});

export const conditionDispute = defineAction({
  name: 'condition-dispute',
  summary: 'dispute what is proposed for a question: it has to be proposed again',
  effect: 'changes',
  input: DisputeInput,
  output: ConditionView,
  async run(context, { condition, as, evidence }, call) {
    const { id } = questionFor(context, condition);
    const by = as === undefined ? undefined : lookUpWorld(context.model, as);
    return viewOf(context, await disputeAnswer(context, id, { by, evidence }, waitOf(call)));
  },
});

export const conditionFinalise = defineAction({
  name: 'condition-finalise',
  summary: 'make what is proposed final once its window is over; of a push-down that is its pull-up',
  effect: 'destroys',
  input: ConditionInput,
  output: ConditionView,
  async run(context, { condition }, call) {
    const { id } = questionFor(context, condition);
    const { question } = await finaliseAnswer(context, id, waitOf(call));
    return viewOf(context, question);
  },
});

export const conditionVoid = defineAction({
  name: 'condition-void',
  summary: 'give a question up: balances return by probability',
  effect: 'destroys',
  input: ConditionInput,
  output: ConditionView,
  async run(context, { condition }, call) {
    const { id } = questionFor(context, condition);
    return viewOf(context, await voidQuestion(context, id, waitOf(call)));
  },
});

export const splitAction = defineAction({
  name: 'split',
  summary: "turn units of a world's account into as many in the verse of every outcome of a question",
  effect: 'changes',
  input: PartInput,
  output: z.array(BalanceView),
  run: (context, input, call) => part(context, 'split', input, call),
});

export const mergeAction = defineAction({
  name: 'merge',
  summary: 'the reverse of a split; of an answered question, out of the outcome that won',
  effect: 'changes',
  input: PartInput,
  output: z.array(BalanceView),
  run: (context, input, call) => part(context, 'merge', input, call),
});

async function part(
  context: RuntimeContext,
  kind: 'split' | 'merge',
  { world: named, condition: reference, token, amount }: z.output<typeof PartInput>,
  call: Call,
): Promise<z.input<typeof BalanceView>[]> {
  const world = findWorld(context, named);
  const condition = questionFor(context, reference).id;
  await splitOrMerge(context, kind, world, { condition, token, amount }, waitOf(call));
  return balancesOf(context, world.birth.account);
}

/** Without a reference: the one of the current world. */
function questionFor(context: RuntimeContext, reference: string | undefined): Question {
  return findQuestion(context.model, reference ?? findWorld(context, undefined).id);
}

function viewOf(context: RuntimeContext, question: Question): ConditionView {
  const { ledger } = context.model;
  const { id, status, proposal } = question;
  const reports = new Map(reportsFor(context, question).map((report) => [report.outcomeIndex, report]));
  const text = (figure: Rational | undefined) => (figure === undefined ? null : Rational.toText(figure));
  return {
    conditionId: id,
    verseId: question.verse,
    world: worldOf(context, question)?.name ?? null,
    pushDown: openParent(context, id) !== null,
    state: oracleStateOf(question),
    settled: status.kind === 'open' ? null : status.kind,
    disputeWindow: question.disputeWindow,
    disputes: question.disputes,
    proposal: proposal && {
      outcome: question.outcomes[proposal.outcomeIndex] ?? '',
      by: proposal.by,
      source: proposal.source,
      evidence: proposal.evidence,
      at: new Date(proposal.at).toISOString(),
      until: new Date(proposal.until).toISOString(),
    },
    outcomes: question.outcomes.map((name, index) => {
      const verseId = ledger.childVerse(id, index);
      return {
        name,
        probability: probabilityToText(question.probabilities[index] ?? 0n),
        verseId,
        live: ledger.verse(verseId).live,
        cost: text(reports.get(index)?.cost),
        value: text(reports.get(index)?.value),
      };
    }),
  };
}
