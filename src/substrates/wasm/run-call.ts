import { WorldError } from '../../model/world-error.js';
import type { ExecuteResult, OutputSink } from '../../ports/substrate.js';
import { interruptedError } from './bounded-wait.js';
import { deferred } from './deferred.js';
import type { RunOutcome } from './executor/executor-contract.js';
import type { ControlMessage, RunFailure, RunMessage, StateFacts } from './host/wire.js';

/** What a run needs of the host it is sent to. */
export interface RunPort {
  send(message: ControlMessage, binary?: Uint8Array): void;
  /** Ends the host, which no longer answers. */
  kill(reason: WorldError): void;
}

export interface RunCallOptions {
  readonly message: RunMessage;
  readonly code: string;
  readonly sink: OutputSink;
  /** How long the code may run, ms, from when it starts. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly bounds: RunBounds;
}

export interface RunBounds {
  /** Between asking a guest to end, ending its worker, and ending the host, ms. */
  readonly graceMs: number;
  /** How long a run may wait for a worker, ms. */
  readonly queueWaitMs: number;
  /** How long capturing a state may take, ms. */
  readonly commitWaitMs: number;
}

/** The host said something that makes no sense at this point; whoever receives this ends the host. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Room for the mark that says that output was cut. */
const MARK_BYTES = 4096;
const MEMORY_REASON = /out of memory|memory limit/i;

/**
 * One execution as the control process sees it. It owns every deadline, because the host is not trusted to
 * keep one: first the guest is interrupted, then its worker is ended, then the host.
 */
export class RunCall {
  readonly #options: RunCallOptions;
  readonly #port: RunPort;
  readonly #result = deferred<ExecuteResult>();
  readonly #commit = deferred<StateFacts | null>();
  readonly #text = { stdout: '', stderr: '' };
  readonly #bytes = { stdout: 0, stderr: 0 };
  readonly #onAbort = (): void => this.#stop(interruptedError('the execution', this.#options.signal));
  #phase: 'queued' | 'running' | 'committing' | 'ended' = 'queued';
  /** Why the run was told to end. */
  #stopped: WorldError | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(port: RunPort, options: RunCallOptions) {
    this.#port = port;
    this.#options = options;
  }

  /** The result, as soon as it is known. */
  get result(): Promise<ExecuteResult> {
    return this.#result.promise;
  }

  /** The new state's facts once it is captured; null when the state stays the one before. */
  get commit(): Promise<StateFacts | null> {
    return this.#commit.promise;
  }

  get ended(): boolean {
    return this.#phase === 'ended';
  }

  /** The signal must not have aborted yet. */
  begin(): void {
    const { signal, message, bounds } = this.#options;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#port.send(message, Buffer.from(this.#options.code, 'utf8'));
    this.#after(bounds.queueWaitMs, () => {
      const text = `the execution waited ${bounds.queueWaitMs} ms for a worker: run fewer at once`;
      this.#stop(new WorldError('WAIT_TIMEOUT', text, { details: { queueWaitMs: bounds.queueWaitMs } }));
    });
  }

  started(): void {
    if (this.#phase !== 'queued') throw new ProtocolError('a run started twice');
    this.#phase = 'running';
    // It may start although it is being stopped; then the timers of the stop are the ones that count.
    if (this.#stopped !== null) return;
    const { timeoutMs } = this.#options;
    this.#after(timeoutMs, () => {
      const text = `the execution was stopped after ${timeoutMs} ms and rolled back: raise timeoutMs or do less`;
      this.#stop(new WorldError('EXECUTION_TIMEOUT', text, { details: { timeoutMs } }));
    });
  }

  overCpu(): void {
    // Its result may have crossed the message.
    if (this.#phase === 'queued') throw new ProtocolError('a run used processor time before it started');
    const { cpuMs } = this.#options.message;
    const text = `the execution used more than ${cpuMs} ms of processor time and was rolled back: raise cpuMs or do less`;
    this.#stop(new WorldError('CPU_LIMIT', text, { details: { cpuMs } }));
  }

  output(stream: 'stdout' | 'stderr', text: string): void {
    if (this.#phase !== 'running') throw new ProtocolError('output of a run that is not running');
    this.#bytes[stream] += Buffer.byteLength(text);
    if (this.#bytes[stream] > this.#options.message.outputBytes + MARK_BYTES) {
      throw new ProtocolError('more output than the limit that the host was given');
    }
    this.#text[stream] += text;
    try {
      this.#options.sink.write(stream, text);
    } catch {
      // A sink must not throw; if it does, neither the host nor the other runs are to blame.
    }
  }

  ran(outcome: RunOutcome): void {
    if (this.#phase !== 'running') throw new ProtocolError('a result of a run that is not running');
    if (outcome.kind !== 'done') {
      this.#fail(this.#stopped ?? faultOf(outcome));
      return;
    }
    this.#quiet();
    const { kind: _kind, ...result } = outcome;
    this.#result.resolve({ ...result, stdout: this.#text.stdout, stderr: this.#text.stderr });
    if (!outcome.changed) {
      this.#phase = 'ended';
      this.#commit.resolve(null);
      return;
    }
    this.#phase = 'committing';
    const { commitWaitMs } = this.#options.bounds;
    this.#after(commitWaitMs, () => {
      this.#end(new WorldError('ENGINE_FAULT', `the state was not captured within ${commitWaitMs} ms`));
    });
  }

  committed(facts: StateFacts): void {
    if (this.#phase !== 'committing') throw new ProtocolError('a commit of a run that has no result');
    this.#quiet();
    this.#phase = 'ended';
    this.#commit.resolve(facts);
  }

  failed(reason: RunFailure, message: string): void {
    this.#fail(this.#stopped ?? failureOf(reason, message));
  }

  /** The host is gone. */
  lost(error: WorldError): void {
    this.#fail(this.#stopped ?? error);
  }

  #after(ms: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, ms);
  }

  #quiet(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  #fail(error: WorldError): void {
    if (this.#phase === 'ended') return;
    this.#quiet();
    const committing = this.#phase === 'committing';
    this.#phase = 'ended';
    if (committing) {
      this.#commit.reject(error);
      return;
    }
    this.#result.reject(error);
    this.#commit.resolve(null);
  }

  /** Softly first: an interrupted guest keeps its worker. */
  #stop(reason: WorldError): void {
    if (this.#stopped !== null || this.#phase === 'ended' || this.#phase === 'committing') return;
    this.#stopped = reason;
    this.#port.send({ type: 'interrupt', run: this.#options.message.run });
    this.#after(this.#options.bounds.graceMs, () => this.#end(reason));
  }

  #end(reason: WorldError): void {
    this.#stopped = reason;
    this.#port.send({ type: 'terminate', run: this.#options.message.run });
    this.#after(this.#options.bounds.graceMs, () => {
      const text = 'the executor host did not end a run that it was told to end';
      this.#port.kill(new WorldError('EXECUTOR_LOST', text, { cause: reason }));
    });
  }
}

function faultOf(outcome: Exclude<RunOutcome, { kind: 'done' }>): WorldError {
  if (outcome.kind === 'interrupted') {
    return new WorldError('ENGINE_FAULT', 'the execution was interrupted although nobody asked for it');
  }
  const { reason } = outcome;
  if (MEMORY_REASON.test(reason)) {
    const text = `the execution was rolled back: raise memoryBytes or use less (${reason})`;
    return new WorldError('MEMORY_LIMIT', text, { details: { reason } });
  }
  const text = `the engine failed and the execution was rolled back: do it in another way (${reason})`;
  return new WorldError('ENGINE_FAULT', text, { details: { reason } });
}

function failureOf(reason: RunFailure, message: string): WorldError {
  switch (reason) {
    case 'budget':
      return slabFull(message);
    case 'queueFull':
      return new WorldError('QUEUE_FULL', `${message}: wait for some to end`);
    case 'unknownState':
      return new WorldError('STATE_LOST', message);
    case 'cancelled':
    case 'terminated':
    case 'engine':
      return new WorldError('ENGINE_FAULT', `the execution was rolled back: ${message}`);
  }
}

/** The memory of all states together is used up; `scope` tells that from a guest that used too much. */
export function slabFull(message: string): WorldError {
  const text = `${message}: delete worlds that are not needed, or raise slabBudgetBytes`;
  return new WorldError('MEMORY_LIMIT', text, { details: { scope: 'substrate' } });
}
