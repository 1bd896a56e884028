import type {
  BalanceView,
  ExecuteInAllInput,
  ExecuteInAllItem,
  PullUpInput,
  PullUpView,
  PushDownInput,
  PushDownView,
  WorldView,
} from '../model/api.js';
import type { ProbeView } from '../model/probe-api.js';
import { WorldError } from '../model/world-error.js';

/** What a contest may be told and tell, besides its input. */
export interface ContestCall {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ContestProgress) => void;
}

export interface ContestProgress {
  readonly done: number;
  readonly total: number;
  readonly what: string;
  readonly part?: { readonly name: string; readonly state: 'running' | 'done' | 'failed' };
}

/** Runs one action of the table, in this process or over a connection. */
export type CallAction = (action: string, input: object, call: ContestCall) => Promise<unknown>;

/** The actions that contests are made of, with their types. */
export class Caller {
  readonly #call: CallAction;
  readonly #options: ContestCall;

  constructor(call: CallAction, options: ContestCall) {
    this.#call = call;
    this.#options = options;
  }

  show(world: string | undefined): Promise<WorldView> {
    return this.#ask('show', world === undefined ? {} : { world });
  }

  pushDown(input: PushDownInput): Promise<PushDownView> {
    return this.#ask('push-down', input);
  }

  /** With progress, unless it is said not to tell. An interruption is no failure of those who ran. */
  async executeInAll(input: ExecuteInAllInput, how: { silent?: boolean } = {}): Promise<ExecuteInAllItem[]> {
    const call = how.silent ? signalOf(this.#options) : this.#options;
    const items = await this.#ask<ExecuteInAllItem[]>('execute-in-all', input, call);
    this.requireGoingOn();
    return items;
  }

  probe(input: { state: string; code: string; timeoutMs?: number }): Promise<ProbeView> {
    return this.#ask('probe', input);
  }

  pullUp(input: PullUpInput): Promise<PullUpView> {
    return this.#ask('pull-up', input);
  }

  balances(world: string): Promise<BalanceView[]> {
    return this.#ask('balances', { world });
  }

  /** One child with a trit of 0, which goes on in the parent's verse. */
  async branchOne(world: string, name: string): Promise<WorldView> {
    const { children } = (await this.#ask('branch', { world, children: [{ name, trit: 0 }] })) as {
      children: WorldView[];
    };
    const [child] = children;
    if (child === undefined) throw new WorldError('INTERNAL', `Branching ${world} made no world.`);
    return child;
  }

  /** Cleaning up is not interrupted. */
  async void(world: string): Promise<void> {
    await this.#call('void', { world }, {});
  }

  async delete(world: string): Promise<void> {
    await this.#call('delete', { world }, {});
  }

  /** The world as it is, though the caller was interrupted. */
  async showAnyway(world: string): Promise<WorldView> {
    return (await this.#call('show', { world }, {})) as WorldView;
  }

  /** @throws INTERRUPTED once the caller wants to stop */
  requireGoingOn(): void {
    if (!this.#options.signal?.aborted) return;
    throw new WorldError('INTERRUPTED', 'the caller interrupted the contest');
  }

  #ask<T>(action: string, input: object, call: ContestCall = signalOf(this.#options)): Promise<T> {
    this.requireGoingOn();
    return this.#call(action, input, call) as Promise<T>;
  }
}

function signalOf({ signal }: ContestCall): ContestCall {
  return signal ? { signal } : {};
}
