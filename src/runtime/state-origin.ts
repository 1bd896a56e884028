import type { StateId, WorldId } from '../model/ids.js';
import { type LedgerOp, ledgerKeyOf } from '../multiverse/index.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { DurableState } from '../ports/substrate.js';

/** What an execution took in and the digest of what it answered; answers themselves stay in the journal. */
export type ReplayableExecution = Pick<
  RecordOf<'world.executed'>,
  | 'worldId'
  | 'executionId'
  | 'parentState'
  | 'generation'
  | 'language'
  | 'code'
  | 'clockNs'
  | 'balances'
  | 'limits'
  | 'resultDigest'
  | 'runMs'
>;

/** How a state came to be: all that is needed to make it again. */
export type StateOrigin =
  | { readonly kind: 'boot'; readonly worldId: WorldId; readonly ledgerKeys?: never }
  | {
      readonly kind: 'execution';
      readonly worldId: WorldId;
      readonly execution: ReplayableExecution;
      /** Keys of its transfers: the ledger remembers them as long as the state is remembered. */
      readonly ledgerKeys?: readonly string[];
    }
  /** Files came from outside: it is never made again, and is durable from the start. */
  | {
      readonly kind: 'files';
      readonly worldId: WorldId;
      readonly parentState: StateId;
      readonly lastRun: LastRun;
      readonly ledgerKeys?: never;
    }
  /** Retention gave it up, and a replay made it again: durable from the start. */
  | {
      readonly kind: 'remade';
      /** The world that was replayed. */
      readonly worldId: WorldId;
      /** Null when it was booted. */
      readonly parentState: StateId | null;
      readonly lastRun: LastRun;
      readonly ledgerKeys?: never;
    };

/** As whom code ran last on the way to a state. */
export interface LastRun {
  readonly worldId: WorldId;
  readonly generation: number;
}

export interface StateEntry {
  readonly id: StateId;
  readonly origin: StateOrigin;
  durable: DurableState | null;
  /** Names its content (ports/state-ref.ts); null until it is known. */
  root: string | null;
}

/** The state from which a state was made, or null when it was booted. */
export function parentStateOf({ origin }: StateEntry): StateId | null {
  switch (origin.kind) {
    case 'boot':
      return null;
    case 'execution':
      return origin.execution.parentState;
    case 'files':
    case 'remade':
      return origin.parentState;
    default:
      return origin satisfies never;
  }
}

/** The part of an execution's record that replay needs. */
export function replayable(record: RecordOf<'world.executed'>): ReplayableExecution {
  return {
    worldId: record.worldId,
    executionId: record.executionId,
    parentState: record.parentState,
    generation: record.generation,
    language: record.language,
    code: record.code,
    clockNs: record.clockNs,
    balances: record.balances,
    limits: record.limits,
    resultDigest: record.resultDigest,
    runMs: record.runMs,
  };
}

/** A state that retention gave up, as a replay of `worldId` made it again. */
export function remadeEntry(
  id: StateId,
  worldId: WorldId,
  { durable, root, ...came }: NonNullable<RecordOf<'world.replayed'>['remade']>,
): StateEntry {
  return { id, origin: { kind: 'remade', worldId, ...came }, durable, root };
}

/** Nothing is stored for the many executions that transfer nothing. */
export function keysOf(ledger: readonly LedgerOp[]): { ledgerKeys?: string[] } {
  const keys = ledger.flatMap((op) => ledgerKeyOf(op) ?? []);
  return keys.length === 0 ? {} : { ledgerKeys: keys };
}
