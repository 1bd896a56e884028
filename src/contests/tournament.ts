import type { PullUpView, PushDownView, WorldView } from '../model/api.js';
import type { TournamentInput, TournamentView } from '../model/contest-api.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import type { Caller } from './caller.js';
import { entrantView, type Ran, raised, ranIn, reported } from './entrant.js';
import { type Answer, type GuestLanguage, PYTHON } from './guest-program.js';
import { inVerses } from './in-verses.js';
import { type Staking, stakingOf } from './staking.js';

export interface TournamentHow {
  readonly language?: GuestLanguage;
}

/** Of what an agent printed, the judge sees so many characters. */
const SHOWN_TO_JUDGE = 16_384;

/** What the judge decided. */
interface Verdict {
  readonly winner: Ran;
  /** By agent; none when only the winner was named. */
  readonly scores: ReadonlyMap<string, Rational>;
  readonly said: string;
}

/**
 * Has agents play in a world, each in a verse of its own, and makes the world what the judge's winner made of it. The judge is a
 * branch of the world as it was before, in which no agent's code ever ran; it gets the results as data.
 *
 * The stakes move in the record of the resolution and not before: out of the agents' accounts into a pot, the pot into every
 * agent's verse, in each to its agent. The winner's is merged up; the others evaporate with their verses. A tournament that
 * comes to no end has therefore moved nothing.
 *
 * @throws BAD_INPUT for two agents of one name and for an answer of the judge that decides nothing, INSUFFICIENT_BALANCE, and
 *   what the actions throw; the push-down is voided before. INTERRUPTED likewise.
 */
export async function tournament(
  caller: Caller,
  input: TournamentInput,
  how: TournamentHow = {},
): Promise<TournamentView> {
  const { language = PYTHON } = how;
  requireDistinct(input.agents.map(({ name }) => name));
  const named = await caller.show(input.world);
  const staking = await stakingOf(caller, input, named);
  // Asking about accounts made them current; the tournament's world shall be.
  const world = await caller.show(named.id);
  const judge = await caller.branchOne(world.id, 'judge');
  try {
    return await inVerses(
      caller,
      world,
      input.agents.map(({ name }) => ({ name })),
      async (pushed) => {
        const ran = await runAgents(caller, pushed, input);
        if (ran.every(({ failure }) => failure !== null)) return viewOf(pushed, world, { ran, staking });
        const verdict = await judged(caller, { judge, input, ran, language });
        const { winner, scores } = verdict;
        const resolution = await caller.pullUp({
          world: world.id,
          oracle: 'manual',
          outcome: winner.name,
          evidence: { decidedBy: 'judge', judge: judge.id, scores: texts(scores) },
          ...(staking === null ? {} : { stakes: staking.stakes }),
        });
        return viewOf(pushed, world, { ran, staking, verdict, resolution });
      },
    );
  } finally {
    // What it computed stays in the journal. A failure to remove it would hide how the tournament came out.
    await caller.delete(judge.id).catch(() => {});
  }
}

function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new WorldError(
    'BAD_INPUT',
    `Two agents are named ${JSON.stringify(twice)}. Name one otherwise: NAME=FILE`,
  );
}

async function runAgents(caller: Caller, pushed: PushDownView, input: TournamentInput): Promise<Ran[]> {
  const { agents, budgetMs, timeoutMs } = input;
  const items = await caller.executeInAll({
    worlds: pushed.outcomes.map(({ worldId }) => worldId),
    codes: Object.fromEntries(agents.map(({ name, code }) => [name, code])),
    ...(budgetMs === undefined ? {} : { budgetMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return ranIn(pushed, items);
}

async function judged(
  caller: Caller,
  court: { judge: WorldView; input: TournamentInput; ran: readonly Ran[]; language: GuestLanguage },
): Promise<Verdict> {
  const { judge, input, ran, language } = court;
  const data = { name: 'results', json: JSON.stringify(ran.map(resultOf)) };
  const [item] = await caller.executeInAll(
    {
      worlds: [judge.id],
      code: language.ask(input.judge, 'judge', data),
      ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
    },
    { silent: true },
  );
  const { execution = null } = item ?? {};
  const failure = item?.failure ?? raised(execution);
  if (failure || execution === null) {
    const why = failure ? `${failure.code}: ${failure.message}` : 'it did not run';
    throw new WorldError('BAD_INPUT', `The judge failed: ${why}. Nothing was staked and nobody won.`, {
      details: { failure },
    });
  }
  return { ...decided(language.answer(execution.value), ran), said: execution.stdout };
}

/** What a judge sees of an agent; `results` is a list of these. */
function resultOf({ name, execution, failure }: Ran): Record<string, unknown> {
  return {
    name,
    ok: failure === null,
    error: failure && `${failure.code}: ${failure.message}`,
    value: execution?.value ?? null,
    stdout: (execution?.stdout ?? '').slice(0, SHOWN_TO_JUDGE),
    cost: execution && reported(execution, 'cost'),
    reported: execution && reported(execution, 'value'),
  };
}

/** @throws BAD_INPUT */
function decided(answer: Answer, ran: readonly Ran[]): Omit<Verdict, 'said'> {
  if (answer.is === 'text') return { winner: able(answer.text, ran), scores: new Map() };
  if (answer.is !== 'scores')
    throw undecided(`in ${answer.is === 'other' ? `a ${answer.type}` : `a ${answer.is}`}`, ran);
  const scores = new Map<string, Rational>();
  for (const [name, score] of answer.scores) {
    if (!ran.some((one) => one.name === name)) throw undecided(`in a score of ${JSON.stringify(name)}`, ran);
    if (score !== null) scores.set(name, Rational.parse(score));
  }
  const inTheRunning = ran.filter(({ name, failure }) => failure === null && scores.has(name));
  const [first, ...others] = inTheRunning;
  if (first === undefined) throw undecided('without a score of an agent that did not fail', ran);
  const scoreOf = ({ name }: Ran): Rational => scores.get(name) ?? Rational.ZERO;
  const winner = others.reduce(
    (best, one) => (Rational.cmp(scoreOf(one), scoreOf(best)) > 0 ? one : best),
    first,
  );
  return { winner, scores };
}

function able(name: string, ran: readonly Ran[]): Ran {
  const named = ran.find((one) => one.name === name);
  if (named === undefined) throw undecided(`in ${JSON.stringify(name.slice(0, 100))}`, ran);
  if (named.failure === null) return named;
  throw undecided(`in ${name}, which failed`, ran);
}

function undecided(what: string, ran: readonly Ran[]): WorldError {
  const names = ran.filter(({ failure }) => failure === null).map(({ name }) => name);
  return new WorldError(
    'BAD_INPUT',
    `The judge ended ${what}, which decides nothing. It must end in a dict of scores by name, or in the name of the winner, one of: ` +
      `${names.join(', ')}. Nothing was staked and nobody won.`,
  );
}

function texts(scores: ReadonlyMap<string, Rational>): Record<string, string> {
  return Object.fromEntries([...scores].map(([name, score]) => [name, Rational.toText(score)]));
}

function viewOf(
  pushed: PushDownView,
  world: WorldView,
  end: { ran: readonly Ran[]; staking: Staking | null; verdict?: Verdict; resolution?: PullUpView },
): TournamentView {
  const { ran, staking, verdict, resolution = null } = end;
  return {
    worldId: world.id,
    world: world.name,
    conditionId: pushed.conditionId,
    agents: ran.map((one) => {
      const score = verdict?.scores.get(one.name);
      const won = one === verdict?.winner;
      const money = staking?.moneyOf(one.name, { won, settled: resolution !== null });
      return {
        ...entrantView(one, { score: score ? Rational.toText(score) : null, failure: one.failure, won }),
        ...(money ?? { account: null, stake: '0', payout: '0' }),
      };
    }),
    token: staking?.stakes.token ?? null,
    judgeSaid: verdict?.said ?? '',
    winner: verdict?.winner.name ?? null,
    resolution,
  };
}
