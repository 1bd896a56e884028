import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { findState } from './resolve-reference.js';
import { parentStateOf, type World, type WorldModel } from './world-model.js';

/** What a check says of a state; `skipped`: the state cannot be restored any more. */
export interface Verdict {
  readonly verdict: 'good' | 'bad' | 'skipped';
  /** Why, when it is not good. */
  readonly note: string | null;
}

export interface BisectStep extends Verdict {
  readonly number: number;
}

export interface Bisected {
  /** States of the history, oldest first. */
  readonly history: readonly StateId[];
  readonly steps: readonly BisectStep[];
  /** Numbers of the last state known to be good and the first known to be bad. */
  readonly good: number;
  readonly bad: number;
}

export interface BisectRequest {
  readonly world: World;
  /** A number in the history, or a state or snapshot of it. */
  readonly good?: string;
  readonly bad?: string;
  readonly judge: (state: StateId) => Promise<Verdict>;
  readonly onStep?: (step: BisectStep) => void;
}

/**
 * The states that led to `bad`, or to the world's head: oldest first, as far back as they are known. What a rewind left behind
 * did not lead there and is not in it; what a winner did before it was pulled up is.
 */
export function historyOf(model: WorldModel, state: StateId): StateId[] {
  const history: StateId[] = [];
  for (let id: StateId | null = state; id !== null; ) {
    const entry = model.states.get(id);
    if (!entry) break;
    history.push(id);
    id = parentStateOf(entry);
  }
  return history.reverse();
}

/**
 * Finds the first state at which a check fails, by bisection between one where it does not and one where it does. Both are
 * checked first. A history of n executions takes about log2(n) checks more.
 *
 * @throws STATE_NOT_FOUND, BAD_INPUT for ends in the wrong order, CHECK_DISAGREES when the check says otherwise of them
 */
export async function bisect(model: WorldModel, request: BisectRequest): Promise<Bisected> {
  const { world } = request;
  const ofHead = historyOf(model, world.head);
  const last = request.bad === undefined ? ofHead.length - 1 : placeOf(model, ofHead, world, request.bad);
  // A bad state that was rewound away has a history of its own.
  const history = typeof last === 'number' ? ofHead : historyOf(model, last);
  const bad = typeof last === 'number' ? last : history.length - 1;
  const good = request.good === undefined ? 0 : placeOf(model, history, world, request.good);
  if (typeof good !== 'number') {
    throw new WorldError(
      'STATE_NOT_FOUND',
      `${request.good} did not lead to the bad state of world ${world.name}. See: wr log ${world.name} --graph`,
      { details: { world: world.id, state: good } },
    );
  }
  if (good >= bad) {
    throw new WorldError(
      'BAD_INPUT',
      `The good state (number ${good}) must come before the bad one (number ${bad}) in the history of world ${world.name}.`,
      { details: { world: world.id, good, bad } },
    );
  }
  return search(history, { good, bad }, request);
}

async function search(
  history: readonly StateId[],
  ends: { good: number; bad: number },
  { world, judge, onStep }: BisectRequest,
): Promise<Bisected> {
  const steps: BisectStep[] = [];
  const ask = async (number: number): Promise<Verdict['verdict']> => {
    const state = history[number];
    const step = { number, ...(await judge(state as StateId)) };
    steps.push(step);
    onStep?.(step);
    return step.verdict;
  };
  let { good, bad } = ends;
  requireEnd(world, good, 'good', await ask(good), steps);
  requireEnd(world, bad, 'bad', await ask(bad), steps);
  const skipped = new Set<number>();
  for (;;) {
    const next = nearestToMiddle(good, bad, skipped);
    if (next === null) break;
    const verdict = await ask(next);
    if (verdict === 'good') good = next;
    else if (verdict === 'bad') bad = next;
    else skipped.add(next);
  }
  return { history, steps, good, bad };
}

/** The number between the two that halves what is left best and can be asked; null when there is none. */
export function nearestToMiddle(good: number, bad: number, skipped: ReadonlySet<number>): number | null {
  const middle = good + Math.floor((bad - good) / 2);
  for (let away = 0; middle - away > good || middle + away < bad; away += 1) {
    for (const number of [middle - away, middle + away]) {
      if (number > good && number < bad && !skipped.has(number)) return number;
    }
  }
  return null;
}

function requireEnd(
  world: World,
  number: number,
  wanted: 'good' | 'bad',
  verdict: Verdict['verdict'],
  steps: readonly BisectStep[],
): void {
  if (verdict === wanted) return;
  const note = steps.at(-1)?.note;
  const details = { world: world.id, number, wanted, verdict };
  if (verdict === 'skipped') {
    throw new WorldError(
      'STATE_NOT_FOUND',
      `State number ${number} of world ${world.name}, which should be ${wanted}, cannot be restored: ${note}. Name another: --${wanted}`,
      { details },
    );
  }
  const hint =
    wanted === 'good'
      ? 'Name a state where the check passes: --good N'
      : 'There is nothing to find, unless an earlier state is bad: --bad N';
  throw new WorldError(
    'CHECK_DISAGREES',
    `The check says ${verdict} of state number ${number} of world ${world.name}, which should be ${wanted}${note ? ` (${note})` : ''}. ${hint}`,
    { details },
  );
}

/** Number in the history, or, of a state of the world that is not in it, the state. */
function placeOf(
  model: WorldModel,
  history: readonly StateId[],
  world: World,
  reference: string,
): number | StateId {
  if (/^\d{1,9}$/.test(reference)) {
    const number = Number(reference);
    if (number < history.length) return number;
    throw new WorldError(
      'STATE_NOT_FOUND',
      `World ${world.name} has states 0 to ${history.length - 1} in its history; there is no number ${reference}.`,
      { details: { world: world.id, number, states: history.length } },
    );
  }
  const state = findState(model, reference);
  const number = history.indexOf(state);
  return number < 0 ? state : number;
}
