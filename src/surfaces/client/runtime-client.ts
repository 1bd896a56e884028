import type {
  BalanceView,
  BranchInput,
  BranchView,
  CreateInput,
  DeleteView,
  ExecuteInAllInput,
  ExecuteInAllItem,
  ExecutionView,
  ListInput,
  PullUpInput,
  PullUpView,
  PushDownInput,
  PushDownView,
  QueryView,
  RewindInput,
  RewindView,
  Rows,
  SnapshotView,
  VoidView,
  WorldView,
} from '../../model/api.js';
import type { BisectInput, BisectView } from '../../model/bisect-api.js';
import type { BudgetView } from '../../model/budget-api.js';
import type { BestOfView, TournamentInput, TournamentView } from '../../model/contest-api.js';
import type { DiffInput, DiffView } from '../../model/diff-api.js';
import type { GraphView } from '../../model/graph-api.js';
import type { ReplayInput, ReplayView, VerifyInput, VerifyView } from '../../model/history-api.js';
import type { ArchiveInput, ArchiveView } from '../../model/journal-api.js';
import type { LedgerHistoryInput, LedgerValueView, LedgerVerifyView } from '../../model/ledger-api.js';
import type { RemovedSnapshot, RenameView, SnapshotItem, SnapshotsInput } from '../../model/name-api.js';
import type { ProbeView } from '../../model/probe-api.js';
import type { StatusView } from '../../model/status-api.js';
import type { DuInput, DuView, GcInput, GcView } from '../../model/storage-api.js';
import type { TriadsView } from '../../model/triads-api.js';
import type { WalkInput, WalkView } from '../../model/walk-api.js';
import { type BestOfOptions, bestOfThrough } from './best-of-through.js';
import { ConditionsClient } from './conditions-client.js';
import { ImagesClient } from './images-client.js';
import { MarketsClient } from './markets-client.js';
import type { CallOptions, Transport } from './transport.js';
import { WorldFiles } from './world-files.js';

export type { CallOptions, CallProgress, Transport } from './transport.js';

export type CreateOptions = Omit<CreateInput, 'snapshot'> & {
  /** Id or name of the snapshot to start from. */
  readonly snapshotId?: string;
};

type DiffOptions = Omit<DiffInput, 'from' | 'to'>;
type Without<T> = Omit<T, 'world'>;

/**
 * A runtime as a program uses it. Every method is one action; each throws a `WorldError` with a documented code.
 */
export class RuntimeClient implements AsyncDisposable {
  readonly #transport: Transport;

  /** Base images: packages and a preamble that worlds start from. */
  readonly images: ImagesClient;
  /** Questions with outcomes, and their answers. */
  readonly conditions: ConditionsClient;
  /** Market makers for the outcomes of push-downs. */
  readonly markets: MarketsClient;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.images = new ImagesClient(transport);
    this.conditions = new ConditionsClient(transport);
    this.markets = new MarketsClient(transport);
  }

  /** Makes a world, fresh or from a snapshot. */
  async create(options: CreateOptions = {}, call: CallOptions = {}): Promise<World> {
    const { snapshotId, ...rest } = options;
    const input: CreateInput = snapshotId === undefined ? rest : { ...rest, snapshot: snapshotId };
    return new World(this.#transport, await this.#call<WorldView>('create', input, call));
  }

  /** A world that exists, by id, name or id prefix. */
  async world(reference: string): Promise<World> {
    return new World(this.#transport, await this.#call<WorldView>('show', { world: reference }));
  }

  /** Running and frozen worlds; with `all`, also those that ended. */
  list(input: ListInput = {}): Promise<WorldView[]> {
    return this.#call('list', input);
  }

  /** Snapshots, newest first: of one world or of all. */
  snapshots(input: SnapshotsInput = {}): Promise<SnapshotItem[]> {
    return this.#call('snapshots', input);
  }

  /** Removes snapshots, by id or name; worlds made from them stay. */
  removeSnapshots(snapshots: readonly string[]): Promise<RemovedSnapshot[]> {
    return this.#call('remove-snapshots', { snapshots });
  }

  /** Gives a snapshot another name. */
  renameSnapshot(snapshot: string, name: string): Promise<RenameView> {
    return this.#call('rename', { snapshot, name });
  }

  /** Runs code in many worlds in parallel; each item has a result or a failure. */
  executeInAll(input: ExecuteInAllInput, call: CallOptions = {}): Promise<ExecuteInAllItem[]> {
    return this.#call('execute-in-all', input, call);
  }

  /**
   * Runs a program in many verses of a world and makes the world the best of them. A score is Python, or a function of this
   * process. No try with a score: `winner` is null and the world as before.
   */
  bestOf(options: BestOfOptions, call: CallOptions = {}): Promise<BestOfView> {
    return bestOfThrough(this.#transport, options, call);
  }

  /** Has agents play in verses of a world; the judge's winner takes the stakes and makes the world what it made of it. */
  tournament(input: TournamentInput, call: CallOptions = {}): Promise<TournamentView> {
    return this.#call('tournament', input, call);
  }

  /** In what two worlds or states differ: WORLD, WORLD@STATE, or a state or snapshot by id or name. */
  diff(from: string, to: string, options: DiffOptions = {}): Promise<DiffView> {
    return this.#call('diff', { ...options, from, to });
  }

  /** Live balances of all accounts. */
  balances(): Promise<BalanceView[]> {
    return this.#call('balances', {});
  }

  /** The triads of skills that the runtime is part of. */
  triads(): Promise<TriadsView> {
    return this.#call('triads', {});
  }

  /** Operations of the ledger, newest first. */
  ledgerHistory(input: LedgerHistoryInput = {}): Promise<Rows> {
    return this.#call('ledger-history', input);
  }

  /** Computes the whole ledger again from the journal. */
  verifyLedger(call: CallOptions = {}): Promise<LedgerVerifyView> {
    return this.#call('ledger-verify', {}, call);
  }

  entities(limit?: number): Promise<Rows> {
    return this.#call('entities', limit === undefined ? {} : { limit });
  }

  branches(limit?: number): Promise<Rows> {
    return this.#call('branches', limit === undefined ? {} : { limit });
  }

  resolutions(limit?: number): Promise<Rows> {
    return this.#call('resolutions', limit === undefined ? {} : { limit });
  }

  metrics(limit?: number): Promise<Rows> {
    return this.#call('metrics', limit === undefined ? {} : { limit });
  }

  /** One SELECT over the catalog. */
  query(sql: string): Promise<QueryView> {
    return this.#call('query', { sql });
  }

  /** What the runtime holds: worlds, states, memory. */
  status(): Promise<StatusView> {
    return this.#call('status', {});
  }

  /** Moves segments of the journal that no opening needs to another place. */
  archive(input: ArchiveInput = {}, call: CallOptions = {}): Promise<ArchiveView> {
    return this.#call('archive', input, call);
  }

  /** Forgets states that retention does not keep and frees what only they needed. */
  collectGarbage(input: GcInput = {}, call: CallOptions = {}): Promise<GcView> {
    return this.#call('gc', input, call);
  }

  /** What the data directory takes, by kind and by world. */
  diskUsage(input: DuInput = {}): Promise<DuView> {
    return this.#call('du', input);
  }

  /** Finishes what runs and lets go of the data directory; of a daemon, ends the connection and nothing else. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #call<T>(action: string, input: object, options: CallOptions = {}): Promise<T> {
    return this.#transport.call(action, input, options) as Promise<T>;
  }
}

/** A handle on one world. Its fields are as of when it was made; `show` asks again. */
export class World {
  readonly #transport: Transport;
  readonly id: string;
  readonly name: string;
  readonly verse: string;
  readonly trit: -1 | 0 | 1;
  /** Its files, read and changed from outside. */
  readonly files: WorldFiles;

  constructor(transport: Transport, view: WorldView) {
    this.#transport = transport;
    this.id = view.id;
    this.name = view.name;
    this.verse = view.verse;
    this.trit = view.trit;
    this.files = new WorldFiles(transport, view.id);
  }

  /** Runs Python code. Code that raises gives `ok: false`; only what could not run at all throws. */
  execute(
    code: string,
    options: CallOptions & { readonly timeoutMs?: number; readonly expectHead?: string } = {},
  ): Promise<ExecutionView> {
    const { signal, onOutput, ...input } = options;
    const call = { ...(signal ? { signal } : {}), ...(onOutput ? { onOutput } : {}) };
    return this.#call('execute', { code, ...input }, call);
  }

  /** Names the present state and makes it durable. */
  snapshot(name?: string): Promise<SnapshotView> {
    return this.#call('snapshot', name === undefined ? {} : { name });
  }

  /** Its snapshots, newest first. */
  snapshots(limit?: number): Promise<SnapshotItem[]> {
    return this.#call('snapshots', limit === undefined ? {} : { limit });
  }

  /** Gives the world another name; `name` of this handle stays what it was. */
  rename(name: string): Promise<RenameView> {
    return this.#call('rename', { name });
  }

  /** Sets and removes free text pairs. */
  tag(set: Readonly<Record<string, string>>, remove: readonly string[] = []): Promise<WorldView> {
    return this.#call('tag', { set: { ...set }, remove: [...remove] });
  }

  /** Starts new worlds from the present state: a number of them, or named ones. */
  async branch(input: Without<BranchInput> = {}): Promise<World[]> {
    const branched = await this.#call<BranchView>('branch', input);
    return branched.children.map((view) => new World(this.#transport, view));
  }

  /** Opens a condition; answers its verses' worlds by outcome name, and the record. */
  async pushDown(
    input: Without<PushDownInput> = {},
  ): Promise<{ verses: Record<string, World>; record: PushDownView }> {
    const record = await this.#call<PushDownView>('push-down', input);
    const verses = record.outcomes.map(({ name, worldId }) => {
      const view = record.children.find(({ id }) => id === worldId);
      return view ? [[name, new World(this.#transport, view)] as const] : [];
    });
    return { verses: Object.fromEntries(verses.flat()), record };
  }

  /** Runs code in all children in parallel: one program, or one by verse name. */
  executeInAll(
    program: string | Readonly<Record<string, string>>,
    options: CallOptions & { readonly timeoutMs?: number } = {},
  ): Promise<ExecuteInAllItem[]> {
    const { signal, onOutput, ...input } = options;
    const call = { ...(signal ? { signal } : {}), ...(onOutput ? { onOutput } : {}) };
    const programs = typeof program === 'string' ? { code: program } : { codes: { ...program } };
    return this.#call('execute-in-all', { ...programs, ...input }, call);
  }

  /** Resolves the open push-down: this world becomes the winner. */
  pullUp(input: Without<PullUpInput> = {}): Promise<PullUpView> {
    return this.#call('pull-up', input);
  }

  /** Takes the open push-down back. */
  void(): Promise<VoidView> {
    return this.#call('void', {});
  }

  /**
   * Takes steps of the chromatic walk: three agents in three verses propose, formalise and verify each. `complete` is false when
   * too many proposals in a row were rejected; the world stands at the last accepted step, also after a failure.
   */
  walk(input: Without<WalkInput> = {}, call: CallOptions = {}): Promise<WalkView> {
    return this.#call('walk', input, call);
  }

  /** Goes back to an earlier state: memory and files. */
  rewind(input: Without<RewindInput> = {}): Promise<RewindView> {
    return this.#call('rewind', input);
  }

  /** Runs code at its head, or at another state, and keeps nothing of it. */
  probe(code: string, options: { state?: string; timeoutMs?: number } = {}): Promise<ProbeView> {
    return this.#call('probe', { code, ...options });
  }

  /** Runs its history again in a fresh executor. Rejects with RECOVERY_DIVERGED at the first difference. */
  verify(input: Without<VerifyInput> = {}, call: CallOptions = {}): Promise<VerifyView> {
    return this.#call('verify', input, call);
  }

  /**
   * A new world at a moment of its past: `to` is the number of an execution since its beginning (0: before the first), or a state,
   * execution or snapshot. What retention gave up is made again from the journal.
   */
  async replay(input: Without<ReplayInput>, call: CallOptions = {}): Promise<World> {
    const { world } = await this.#call<ReplayView>('replay', input, call);
    return new World(this.#transport, world);
  }

  /** Finds the execution after which a check fails. */
  bisect(input: Without<BisectInput>): Promise<BisectView> {
    return this.#call('bisect', input);
  }

  /** What is different in it from another world or state; default: from how it began. */
  diff(from?: string, options: DiffOptions = {}): Promise<DiffView> {
    const input: DiffInput = { ...options, to: this.id, ...(from === undefined ? {} : { from }) };
    return this.#transport.call('diff', input, {}) as Promise<DiffView>;
  }

  /** The world as it is now. */
  show(): Promise<WorldView> {
    return this.#call('show', {});
  }

  /** Its executions, newest first. */
  log(limit?: number): Promise<Rows> {
    return this.#call('log', limit === undefined ? {} : { limit });
  }

  /** Its history and that of everything branched from it, as nodes and edges. */
  graph(limit?: number): Promise<GraphView> {
    return this.#call('graph', limit === undefined ? {} : { limit });
  }

  /** Credits its account with base units of a token. */
  deposit(token: string, amount: bigint): Promise<BalanceView[]> {
    return this.#call('deposit', { token, amount: amount.toString() });
  }

  /** Takes base units of a token out of its account. */
  withdraw(token: string, amount: bigint): Promise<BalanceView[]> {
    return this.#call('withdraw', { token, amount: amount.toString() });
  }

  /** Moves base units of a token to another world's account, by its id or name, or to an account of any name. */
  transfer(to: string, token: string, amount: bigint): Promise<BalanceView[]> {
    return this.#call('transfer', { to, token, amount: amount.toString() });
  }

  /** Turns base units of its account into as many in the verse of every outcome of a question; default: its own open one. */
  split(token: string, amount: bigint, condition: string = this.id): Promise<BalanceView[]> {
    return this.#call('split', { token, amount: amount.toString(), condition });
  }

  /** The reverse of a split; of an answered question, out of the outcome that won. */
  merge(token: string, amount: bigint, condition: string = this.id): Promise<BalanceView[]> {
    return this.#call('merge', { token, amount: amount.toString(), condition });
  }

  /** What its account has in each outcome of the conditions that decide about it. */
  valueByOutcome(condition?: string): Promise<LedgerValueView> {
    return this.#call('ledger-value', condition === undefined ? {} : { condition });
  }

  /** What it, and all that branches from it, may still run; `addMs` adds to that. */
  budget(addMs?: number): Promise<BudgetView> {
    return this.#call('budget', addMs === undefined ? {} : { addMs });
  }

  balances(): Promise<BalanceView[]> {
    return this.#call('balances', {});
  }

  delete(): Promise<DeleteView> {
    return this.#call('delete', {});
  }

  #call<T>(action: string, input: object, options: CallOptions = {}): Promise<T> {
    return this.#transport.call(action, { ...input, world: this.id }, options) as Promise<T>;
  }
}
