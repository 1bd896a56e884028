import { z } from 'zod';
import type { ConditionId, StateId } from '../model/ids.js';
import { gf3Sum, type Trit } from '../model/trit.js';
import { WALK_LENGTH_MAX, WalkStep, type WalkTurn } from '../model/walk-api.js';
import { WorldError } from '../model/world-error.js';
import {
  type ProposedStep,
  seedText,
  WALK_AGENTS,
  type WalkAgent,
  type WalkSeeds,
  walkRoots,
  whyRejected,
} from '../multiverse/index.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import { execute, requireHead } from './execute.js';
import { materialiseState } from './materialise-state.js';
import { probeState } from './probe-state.js';
import { pushDown } from './push-down.js';
import type { RuntimeContext } from './runtime-context.js';
import { voidPushDown } from './void-push-down.js';
import {
  type AgentAnswer,
  type AgentGiven,
  readAnswer,
  readJson,
  type WalkPrograms,
} from './walk-programs.js';
import type { World } from './world-model.js';

/** One turn of a walk: three worlds on the accepted state, the work of the agents in them, and what to make of it. */

/** The three worlds of a turn. */
export interface Verses {
  readonly conditionId: ConditionId;
  /** The accepted state, on which they begin. */
  readonly state: StateId;
  readonly worlds: Readonly<Record<WalkAgent, World>>;
}

export interface TurnRequest {
  readonly genesis: string;
  readonly turn: number;
  /** Number of the step to be taken. */
  readonly number: number;
  readonly seeds: WalkSeeds;
  readonly programs: WalkPrograms;
  readonly timeoutMs: number | undefined;
  readonly visited: ReadonlySet<string>;
}

export interface WorkedTurn {
  readonly turn: WalkTurn;
  /** The walk with its new step; null when the step is rejected. */
  readonly steps: readonly WalkStep[] | null;
  /** The coordinator's state. */
  readonly state: StateId | null;
  /** By which that state is known. */
  readonly roots: readonly string[];
}

/**
 * Pushes a world down for the three agents. No money is split: the agents' verses have none.
 *
 * @throws HEAD_MOVED when the world is not at the accepted state; as pushDown
 */
export async function openVerses(
  context: RuntimeContext,
  world: World,
  accepted: StateId,
  wait: Wait,
): Promise<Verses> {
  requireHead(world, accepted);
  const outcomes = WALK_AGENTS.map(({ verse: name, trit }) => ({ name, trit }));
  const {
    conditionId,
    state,
    outcomes: opened,
  } = await pushDown(context, world, { outcomes, amounts: {} }, wait);
  if (state !== accepted) {
    await voidPushDown(context, world, {}, conditionId);
    requireHead(world, accepted);
  }
  const of = (verse: string): World => {
    const worldId = opened.find(({ name }) => name === verse)?.worldId;
    if (worldId === undefined) throw new WorldError('INTERNAL', `There is no verse ${verse}.`);
    return context.model.world(worldId);
  };
  const [generator, coordinator, validator] = WALK_AGENTS;
  return {
    conditionId,
    state,
    worlds: {
      generator: of(generator.verse),
      coordinator: of(coordinator.verse),
      validator: of(validator.verse),
    },
  };
}

const Walk = z.array(WalkStep).max(WALK_LENGTH_MAX);

/**
 * The walk that a world keeps, in its list `walk`, at a state.
 *
 * @throws BAD_INPUT when what has that name is no walk
 */
export async function walkOf(
  context: RuntimeContext,
  state: StateId,
  programs: WalkPrograms,
  wait: Wait,
): Promise<readonly WalkStep[]> {
  const found = await lookAt(context, state, programs, wait);
  if (typeof found !== 'string') return found;
  throw new WorldError(
    'BAD_INPUT',
    `The variable walk of this world is not the list of a walk's steps: ${found}. Walk in another world, or delete it: del walk`,
    { details: { state } },
  );
}

/** The walk at a state, or what is wrong with it. */
async function lookAt(
  context: RuntimeContext,
  state: StateId,
  { look: code }: WalkPrograms,
  wait: Wait,
): Promise<readonly WalkStep[] | string> {
  const { value, error } = await probeState(context, { state, code }, wait);
  if (error) return `${error.type}: ${error.message}`;
  const parsed = Walk.safeParse(readJson(value));
  return parsed.success ? parsed.data : problemOf(parsed.error);
}

/** Where in the data, and what. */
function problemOf({ issues: [issue] }: z.ZodError): string {
  const path = issue?.path.join('.') ?? '';
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'not what it should be'}`;
}

/** A turn that ends before the validator has spoken: the reason is the turn's, not an error of the walk. */
class TurnRejected extends Error {}

/** What is known of a turn so far. */
interface Progress {
  readonly trits: Trit[];
  colour: string | null;
  walkRoot: string | null;
  stateRoot: string | null;
  state: StateId | null;
}

/**
 * Has the three agents work, one after the other, and judges what they made.
 *
 * @throws BAD_INPUT for a program that does not compile; what ends an execution
 */
export async function workTurn(
  context: RuntimeContext,
  verses: Verses,
  request: TurnRequest,
  wait: Wait,
): Promise<WorkedTurn> {
  const progress: Progress = { trits: [], colour: null, walkRoot: null, stateRoot: null, state: null };
  try {
    const made = await propose(context, verses, request, progress, wait);
    const reason = whyRejected(made.proposed, request.visited);
    const turn = turnView(request, progress, reason);
    const { roots } = made.proposed;
    return { turn, steps: reason === null ? made.steps : null, state: progress.state, roots };
  } catch (thrown) {
    if (!(thrown instanceof TurnRejected)) throw thrown;
    const turn = turnView(request, progress, thrown.message);
    return { turn, steps: null, state: progress.state, roots: [] };
  }
}

async function propose(
  context: RuntimeContext,
  verses: Verses,
  request: TurnRequest,
  progress: Progress,
  wait: Wait,
): Promise<{ proposed: ProposedStep; steps: readonly WalkStep[] }> {
  const { genesis, turn, number, seeds } = request;
  const ask = async (agent: WalkAgent, told: AgentGiven): Promise<unknown> => {
    const given = { genesis, turn, seed: seedText(seeds[agent]), ...told, trits: [...progress.trits] };
    const { trit, answer } = await work(context, verses, agent, { given, request, wait });
    progress.trits.push(trit);
    return answer;
  };
  const proposal = await ask('generator', {});
  const skeleton = { step: number, genesis, turn, seed: seedText(seeds.generator) };
  const formal = await ask('coordinator', { proposal, step: skeleton });
  const step = readStep(formal);
  progress.colour = step.colour;

  const state = verses.worlds.coordinator.head;
  const steps = await lookAt(context, state, request.programs, wait);
  if (typeof steps === 'string') throw new TurnRejected(`the coordinator left no walk behind: ${steps}`);
  const walkRoot = walkRoots(steps).at(-1) ?? '';
  const { root: stateRoot } = await materialiseState(context, state, wait);
  Object.assign(progress, { state, walkRoot, stateRoot });

  const verdict = await ask('validator', { proposal, step, after: { length: steps.length, root: walkRoot } });
  const proposed = {
    trits: progress.trits,
    step,
    roots: stateRoot === null ? [walkRoot] : [walkRoot, stateRoot],
    verdict:
      verdict === true || (typeof verdict === 'string' && verdict !== '' ? verdict : 'it gives no reason'),
  };
  return { proposed, steps };
}

function readStep(answer: unknown): WalkStep {
  const parsed = WalkStep.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new TurnRejected(`the coordinator answered no step: ${problemOf(parsed.error)}`);
}

async function work(
  context: RuntimeContext,
  verses: Verses,
  agent: WalkAgent,
  {
    given,
    request: { programs, timeoutMs },
    wait,
  }: { readonly given: AgentGiven; readonly request: TurnRequest; readonly wait: Wait },
): Promise<AgentAnswer> {
  const record = await execute(
    context,
    {
      world: verses.worlds[agent],
      code: programs.work(agent, given),
      expectHead: verses.state,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
    wait,
  );
  requireCompiled(agent, record);
  if (record.error)
    throw new TurnRejected(`the ${agent} raised ${record.error.type}: ${record.error.message}`);
  const answer = readAnswer(record.value);
  if (answer === null) throw new TurnRejected(`the ${agent} answered nothing that can be read`);
  return answer;
}

/** No other turn would go better. @throws BAD_INPUT */
function requireCompiled(agent: WalkAgent, { error }: RecordOf<'world.executed'>): void {
  if (error === null || !/^(Syntax|Indentation|Tab)Error$/.test(error.type)) return;
  throw new WorldError(
    'BAD_INPUT',
    `The ${agent}'s program does not compile: ${error.type}: ${error.message}. Correct it.`,
    {
      details: { agent, error },
    },
  );
}

function turnView(request: TurnRequest, progress: Progress, reason: string | null): WalkTurn {
  const { trits, ...known } = progress;
  return {
    step: request.number,
    turn: request.turn,
    seed: seedText(request.seeds.generator),
    trits: [...trits],
    gf3Sum: gf3Sum(trits),
    accepted: reason === null,
    reason,
    ...known,
  };
}
