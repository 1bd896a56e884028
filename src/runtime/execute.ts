import type { ExecutionId, StateId } from '../model/ids.js';
import { Rational } from '../model/rational.js';
import { toWorldError, WorldError } from '../model/world-error.js';
import type { LedgerOp } from '../multiverse/index.js';
import type { RecordOf } from '../ports/journal-record.js';
import type {
  Effect,
  ExecuteRequest,
  ExecuteResult,
  Machine,
  OutputSink,
  StateRef,
  Wait,
} from '../ports/substrate.js';
import { againWhenLost } from './again-when-lost.js';
import { affordableMs, chargeFor, exhausted, payerOf, usedUp } from './compute-budget.js';
import { requireRunning } from './find-world.js';
import { liveMachine } from './live-machine.js';
import { resultDigest } from './materialise-state.js';
import { persistWhenWorthIt } from './persist-state.js';
import { requireRoom } from './require-room.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

export interface Execution {
  readonly world: World;
  readonly code: string;
  readonly timeoutMs?: number;
  /** Run time that it may use up, ms; whoever pays for the world still pays. Exceeded: `BUDGET_EXHAUSTED`. */
  readonly budgetMs?: number;
  /** Refuse with `HEAD_MOVED` unless the world's head is this state. */
  readonly expectHead?: StateId;
  readonly sink?: OutputSink;
}

const SILENT: OutputSink = { write: () => {} };

/**
 * Runs code in a world, after whatever already waits there. Acknowledged when the result is in the journal;
 * the new state is captured behind the acknowledgement, and the world's next request waits for that.
 *
 * @throws WORLD_FROZEN, WORLD_COLLAPSED, WORLD_DELETED, HEAD_MOVED, CODE_TOO_LARGE, QUEUE_FULL, TOO_MANY_STATES,
 *   EXECUTION_TIMEOUT, BUDGET_EXHAUSTED, CPU_LIMIT, INTERRUPTED,
 *   MEMORY_LIMIT, ENGINE_FAULT, EXECUTOR_LOST, and for effects that cannot be: INSUFFICIENT_BALANCE, BAD_AMOUNT,
 *   BAD_NUMBER, BAD_INPUT. In each case the world is at the state before. Code that raises is no error
 *   here: its record has `ok: false`.
 */
export async function execute(
  context: RuntimeContext,
  execution: Execution,
  wait: Wait,
): Promise<RecordOf<'world.executed'>> {
  const { codeBytes } = execution.world.birth.limits;
  const bytes = Buffer.byteLength(execution.code);
  if (bytes > codeBytes) {
    throw new WorldError(
      'CODE_TOO_LARGE',
      `The code is ${bytes} bytes long; world ${execution.world.name} takes ${codeBytes}. Put data into files, and code into modules.`,
      { details: { bytes, codeBytes } },
    );
  }
  return context.locks.hold([execution.world.id], () => executeNow(context, execution, wait), wait.signal);
}

async function executeNow(
  context: RuntimeContext,
  execution: Execution,
  wait: Wait,
): Promise<RecordOf<'world.executed'>> {
  const { world } = execution;
  context.requireOpen();
  requireRunning(world);
  requireHead(world, execution.expectHead);
  requireRoom(context, { worlds: 0, states: 1 });
  const elapsedMs = stopwatch(context);
  const executionId = context.parts.ids.next('execution');
  const run: Run = { ranMs: null };
  try {
    const ran = await runOrRunAgain(context, execution, run, wait);
    return await accept(context, { ...ran, world, executionId, elapsedMs });
  } catch (caught) {
    const thrown = whyItEnded(context, execution, caught);
    await recordFailure(context, { world, executionId, code: execution.code, thrown, elapsedMs, run });
    throw thrown;
  }
}

/**
 * Runs the code; when the executor dies, once more on a new one, and when the memory of all states is full, again
 * after cold ones were let go of. Nothing of a run is visible outside before it
 * is accepted, so running again is safe, except for output that was already streamed: then the caller is told.
 */
async function runOrRunAgain(
  context: RuntimeContext,
  execution: Execution,
  run: Run,
  wait: Wait,
): Promise<Pick<Ran, 'machine' | 'request' | 'result'>> {
  const { world, sink = SILENT } = execution;
  let streamed = false;
  const watched: OutputSink = {
    write: (stream, text) => {
      streamed = true;
      sink.write(stream, text);
    },
  };
  const once = async (): Promise<Pick<Ran, 'machine' | 'request' | 'result'>> => {
    const { budgetMs = Number.POSITIVE_INFINITY } = execution;
    const timeoutMs = affordableMs(context, world, Math.min(limitOf(execution), budgetMs));
    const machine = await liveMachine(context, world, wait);
    const request = requestOf(context, execution);
    const { limits } = request;
    run.ranMs = stopwatch(context);
    // What it may take is no input: a replay is not paid for.
    const result = await machine.execute({ ...request, limits: { ...limits, timeoutMs } }, watched, wait);
    return { machine, request, result };
  };
  return againWhenLost(context, world.birth, once, wait, () => !streamed);
}

/** @throws HEAD_MOVED */
export function requireHead(world: World, expected: StateId | undefined): void {
  if (expected === undefined || expected === world.head) return;
  throw new WorldError(
    'HEAD_MOVED',
    `World ${world.name} is at state ${world.head}, not at ${expected}: something else ran in it. Look at it and retry.`,
    { details: { world: world.id, head: world.head, expected } },
  );
}

function requestOf(context: RuntimeContext, execution: Execution): ExecuteRequest {
  const { world } = execution;
  const limits = { ...world.birth.limits };
  if (execution.timeoutMs !== undefined) limits.timeoutMs = execution.timeoutMs;
  const held = context.model.ledger.balances({ verse: world.verseId, owner: world.birth.account });
  return {
    language: 'python',
    code: execution.code,
    clockNs: context.parts.clock.nowNs(),
    balances: Object.fromEntries(held.map(({ token, amount }) => [token, amount.toString()])),
    limits,
  };
}

/** How far an execution came. */
interface Run {
  /** Time since its code was sent to run, ms; null before that. */
  ranMs: (() => number) | null;
}

function stopwatch({ parts: { clock } }: RuntimeContext): () => number {
  const start = clock.monotonicMs();
  return () => clock.monotonicMs() - start;
}

function limitOf({ timeoutMs, world }: Execution): number {
  return timeoutMs ?? world.birth.limits.timeoutMs;
}

/** An execution that had less time than its limit, because nobody could pay for more, did not exceed its limit. */
function whyItEnded(context: RuntimeContext, execution: Execution, thrown: unknown): unknown {
  if (!(thrown instanceof WorldError) || thrown.code !== 'EXECUTION_TIMEOUT') return thrown;
  const { world, budgetMs } = execution;
  const had = thrown.details['timeoutMs'];
  if (had === limitOf(execution)) return thrown;
  if (budgetMs !== undefined && had === budgetMs) return usedUp(world, budgetMs);
  const payer = payerOf(context.model, world);
  return payer === null ? thrown : exhausted(world, payer);
}

interface Ran {
  readonly world: World;
  readonly machine: Machine;
  readonly executionId: ExecutionId;
  readonly request: ExecuteRequest;
  readonly result: ExecuteResult;
  readonly elapsedMs: () => number;
}

async function accept(context: RuntimeContext, ran: Ran): Promise<RecordOf<'world.executed'>> {
  const { world, machine, executionId, request, result } = ran;
  const { runMs, changed, effects, ...answer } = result;
  const used = { runMs, bytes: bytesOf(request.code, result) };
  const ledger = [...chargeFor(context, world, used), ...transfersOf(world, executionId, effects)];
  try {
    requireReports(effects);
    context.model.ledger.check(ledger);
  } catch (thrown) {
    // The guest's own check was bypassed: nothing of this execution may stay.
    await context.retire(world.id);
    throw thrown;
  }
  const state = changed ? context.parts.ids.next('state') : null;
  const record: RecordOf<'world.executed'> = {
    op: 'world.executed',
    at: context.at(),
    worldId: world.id,
    executionId,
    parentState: world.head,
    state,
    generation: world.identities.length - 1,
    language: request.language,
    code: request.code,
    clockNs: request.clockNs.toString(),
    balances: { ...request.balances },
    limits: request.limits,
    ...answer,
    changed,
    effects: effects.map((effect) => ({ ...effect })),
    resultDigest: resultDigest(result),
    runMs,
    timeMs: ran.elapsedMs(),
    ledger,
  };
  let captured: { readonly state: StateId; readonly ref: Promise<StateRef> } | null = null;
  if (state !== null) {
    const ref = machine.snapshot({});
    // Where there was no room for it, room is made now, so that the replay of it and what comes next find some.
    ref.catch(() => context.upkeep.afterWork(world.birth.substrate));
    context.remember(state, ref);
    captured = { state, ref };
    context.keepMachine(world.id, machine, state);
  }
  const committed = context.commit(record);
  // After the execution's own record, in the journal too.
  if (captured !== null) context.rootWhenCaptured(captured.state, captured.ref);
  await committed;
  if (state !== null) {
    persistWhenWorthIt(context, world);
    context.upkeep.used(world.id);
  }
  context.upkeep.afterWork(world.birth.substrate);
  return record;
}

/** What the journal keeps of it. */
function bytesOf(code: string, { stdout, stderr, value }: ExecuteResult): number {
  return [code, stdout, stderr, value ?? ''].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

function transfersOf(world: World, executionId: ExecutionId, effects: readonly Effect[]): LedgerOp[] {
  const { account } = world.birth;
  return effects.flatMap((effect, index): LedgerOp[] => {
    if (effect.kind !== 'transfer') return [];
    const { to, token, amount } = effect;
    return [
      {
        kind: 'transfer',
        idempotencyKey: `${executionId}/${index}`,
        by: account,
        verse: world.verseId,
        from: account,
        to,
        token,
        amount,
      },
    ];
  });
}

/** @throws BAD_NUMBER for a figure that is no number and for a negative cost: no oracle could compare it later. */
function requireReports(effects: readonly Effect[]): void {
  for (const effect of effects) {
    if (effect.kind !== 'report') continue;
    if (effect.value !== undefined) Rational.parse(effect.value);
    if (effect.cost === undefined || Rational.parse(effect.cost).num >= 0n) continue;
    throw new WorldError('BAD_NUMBER', `A cost is at least 0, not ${effect.cost}: report gains as a value.`, {
      details: { cost: effect.cost },
    });
  }
}

/** What failed is kept in the world's log, best effort: the caller gets the failure itself either way. */
async function recordFailure(
  context: RuntimeContext,
  failed: Pick<Ran, 'world' | 'executionId' | 'elapsedMs'> & { code: string; thrown: unknown; run: Run },
): Promise<void> {
  const error = toWorldError(failed.thrown, 'INTERNAL', 'The execution failed');
  if (error.code === 'STORAGE_FAILED' || error.code === 'RUNTIME_CLOSED') return;
  const recording = context.commit({
    op: 'execution.failed',
    at: context.at(),
    worldId: failed.world.id,
    executionId: failed.executionId,
    parentState: failed.world.head,
    language: 'python',
    code: failed.code,
    errorCode: error.code,
    message: error.message,
    timeMs: failed.elapsedMs(),
    ...chargeOfFailure(context, failed, error),
  });
  await recording.catch(() => {});
}

/** The time that it had is used up, whatever came of it, unless that was the executor's own fault. */
function chargeOfFailure(
  context: RuntimeContext,
  { world, code, run }: { world: World; code: string; run: Run },
  error: WorldError,
): { ledger?: LedgerOp[] } {
  if (run.ranMs === null || error.code === 'EXECUTOR_LOST' || error.code === 'INTERNAL') return {};
  const ledger = chargeFor(context, world, { runMs: run.ranMs(), bytes: Buffer.byteLength(code) });
  return ledger.length === 0 ? {} : { ledger };
}
