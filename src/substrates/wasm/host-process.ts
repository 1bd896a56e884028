import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import { WorldError } from '../../model/world-error.js';
import { PAGE_BYTES } from '../../ports/page-store.js';
import type { Wait } from '../../ports/substrate.js';
import { boundedWait } from './bounded-wait.js';
import { deferred } from './deferred.js';
import { connectFrames, type FrameConnection } from './host/frame-connection.js';
import { type Frame, PART_BYTES } from './host/frames.js';
import type { ControlMessage, HostMessage, StartMessage, StateFacts } from './host/wire.js';
import { HostMessageSchema } from './host-messages.js';
import { ProtocolError, RunCall, type RunCallOptions, slabFull } from './run-call.js';
import { StartupReceiver } from './startup-receiver.js';

/** How to start the host: a program and its arguments. */
export interface HostCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export interface HostProcessOptions {
  readonly command: HostCommand;
  readonly start: Omit<StartMessage, 'type' | 'imageBytes'>;
  /** What to build the base from: null for the standard library; empty when `startupFd` has it built. */
  readonly image: Uint8Array | null;
  /** Descriptor of the file with the engine's startup snapshot, or null when the host must make it. */
  readonly startupFd: number | null;
  /** Receives the startup snapshot that the host made. */
  readonly onStartup: (bytes: Uint8Array) => void;
}

export interface HostReady {
  readonly baseDigest: string;
  readonly base: StateFacts;
}

/** A reply to a request, with its binary part. */
export interface HostReply<Type extends HostMessage['type']> {
  readonly message: Extract<HostMessage, { type: Type }>;
  readonly binary: Buffer;
}

interface PendingRequest {
  readonly type: HostMessage['type'];
  resolve(reply: { message: HostMessage; binary: Buffer }): void;
  reject(error: WorldError): void;
}

/** Bound of one request other than a run, ms: the host answers these between two events. */
const REQUEST_TIMEOUT_MS = 60_000;
/** How long to wait for the exit of a host whose connection closed, ms. */
const LAST_WORDS_MS = 500;
/** How much of what the host prints is kept for error messages, characters. */
const DIAGNOSTICS_CHARS = 4096;

/** The compiled entry of the host, in the sources' package as well as in an installed one. */
export function defaultHostCommand(): HostCommand {
  return { file: process.execPath, args: [createRequire(import.meta.url).resolve('#executor-host')] };
}

/**
 * One executor host from start to end. Nothing that it sends is believed: a frame that is damaged, does not
 * parse, or does not belong where it comes ends the host, and with it every call that waits for it.
 */
export class HostProcess {
  readonly #child: ChildProcess;
  readonly #connection: FrameConnection<ControlMessage>;
  readonly #runs = new Map<number, RunCall>();
  readonly #requests = new Map<number, PendingRequest>();
  readonly #ready = deferred<HostReady>();
  readonly #gone = deferred<null>();
  readonly #startup: StartupReceiver;
  #lost: WorldError | null = null;
  #isReady = false;
  #slotsUsed = 0;
  readonly #slotsBudget: number;
  #diagnostics = '';
  #nextId = 1;

  constructor(options: HostProcessOptions) {
    const { file, args } = options.command;
    this.#slotsBudget = Math.floor(options.start.slabBudgetBytes / PAGE_BYTES);
    // An empty environment and the root folder: the host gets no secret and no path by accident.
    const stdio = ['ignore', 'pipe', 'pipe', 'pipe', options.startupFd ?? 'ignore'] as const;
    // In a session of its own, since Ctrl-C in a terminal reaches a whole group: this process decides when that one ends.
    this.#child = spawn(file, args, { env: {}, cwd: '/', stdio: [...stdio], detached: true });
    this.#startup = new StartupReceiver(options.onStartup);
    this.#child.on('error', (error) => this.#lose(`it cannot be started: ${error.message}`));
    this.#child.on('close', (code, signal) => {
      this.#gone.resolve(null);
      this.#lose(`it ended with ${signal ?? `code ${code}`}`);
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#diagnostics = (this.#diagnostics + text).slice(-DIAGNOSTICS_CHARS);
      });
    }
    this.#connection = connectFrames<ControlMessage>(this.#child.stdio[3] as Duplex, {
      frame: (frame) => this.#receive(frame),
      closed: (error) => this.#closed(error),
    });
    this.#sendStart(options);
  }

  #sendStart({ start, image }: HostProcessOptions): void {
    this.send({ type: 'start', ...start, imageBytes: image?.length ?? null });
    for (let offset = 0; offset < (image?.length ?? 0); offset += PART_BYTES) {
      this.send({ type: 'imagePart', offset }, image?.subarray(offset, offset + PART_BYTES));
    }
  }

  get ready(): Promise<HostReady> {
    return this.#ready.promise;
  }

  /** True while something waits for an answer of it. */
  get busy(): boolean {
    return this.#runs.size > 0 || this.#requests.size > 0;
  }

  /** Why it can no longer be used, or null while it can. */
  get lost(): WorldError | null {
    return this.#lost;
  }

  /** What it printed last. */
  get diagnostics(): string {
    return this.#diagnostics;
  }

  /** Slots of the slab in use, as it said last. */
  get slotsUsed(): number {
    return this.#slotsUsed;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** A number that names one run, state, request or session of this host. */
  nextId(): number {
    return this.#nextId++;
  }

  send(message: ControlMessage, binary?: Uint8Array): void {
    if (this.#lost === null) this.#connection.send(message, binary);
  }

  run(
    options: Omit<RunCallOptions, 'message'> & { message: Omit<RunCallOptions['message'], 'run'> },
  ): RunCall {
    if (this.#lost !== null) throw this.#lost;
    const run = this.nextId();
    const call = new RunCall(this, { ...options, message: { ...options.message, run } });
    this.#runs.set(run, call);
    call.begin();
    return call;
  }

  /** Sends a request and waits for its reply of type `type`. */
  async request<Type extends HostMessage['type']>(
    type: Type,
    message: (request: number) => ControlMessage,
    options: { readonly wait: Wait; readonly binary?: Uint8Array },
  ): Promise<HostReply<Type>> {
    if (this.#lost !== null) throw this.#lost;
    const request = this.nextId();
    const reply = deferred<{ message: HostMessage; binary: Buffer }>();
    this.#requests.set(request, { type, resolve: reply.resolve, reject: reply.reject });
    this.send(message(request), options.binary);
    const bound = { wait: options.wait, timeoutMs: REQUEST_TIMEOUT_MS, what: `${type} by the executor host` };
    try {
      // The reply was checked for its type when it came.
      return (await boundedWait(reply.promise, bound)) as HostReply<Type>;
    } catch (error) {
      if (error instanceof WorldError && error.code === 'WAIT_TIMEOUT') this.#lose(error.message);
      throw error;
    }
  }

  /** Ends the host now; everything that waits for it fails with `reason`. */
  kill(reason: WorldError): void {
    this.#fail(reason);
  }

  /** Resolves when no process is left. */
  async close(reason: WorldError): Promise<void> {
    this.#fail(reason);
    await this.#gone.promise;
  }

  /** An end without damage: its last words and its exit code, which come a moment later, say why. */
  #closed(error: Error | null): void {
    if (error !== null) {
      this.#lose(error.message);
      return;
    }
    setTimeout(() => this.#lose('it closed its connection'), LAST_WORDS_MS).unref();
  }

  #lose(reason: string): void {
    if (this.#lost !== null) return;
    const printed = this.#diagnostics.trim();
    const words = printed === '' ? '' : `; it printed: ${printed}`;
    const text = `the executor host was lost, and another takes its place: send the request again (${reason}${words})`;
    this.#fail(new WorldError('EXECUTOR_LOST', text, { details: { reason } }));
  }

  #fail(error: WorldError): void {
    if (this.#lost !== null) return;
    this.#lost = error;
    this.#child.kill('SIGKILL');
    // A process that never started emits no close.
    if (this.#child.pid === undefined) this.#gone.resolve(null);
    this.#connection.destroy();
    this.#ready.reject(error);
    for (const pending of this.#requests.values()) pending.reject(error);
    for (const call of this.#runs.values()) call.lost(error);
    this.#requests.clear();
    this.#runs.clear();
  }

  #receive(frame: Frame): void {
    const parsed = HostMessageSchema.safeParse(frame.message);
    if (!parsed.success)
      throw new ProtocolError(`it sent a message that does not parse: ${parsed.error.message}`);
    this.#handle(parsed.data, frame.binary);
  }

  #handle(message: HostMessage, binary: Buffer): void {
    switch (message.type) {
      case 'ready':
        if (this.#isReady) throw new ProtocolError('it became ready twice');
        this.#isReady = true;
        this.#startup.close();
        this.#ready.resolve({ baseDigest: message.baseDigest, base: message.base });
        return;
      case 'startupPart':
        this.#startup.receive(message, binary);
        return;
      case 'started':
        this.#runOf(message.run).started();
        return;
      case 'overCpu':
        this.#runOf(message.run).overCpu();
        return;
      case 'output':
        this.#runOf(message.run).output(message.stream, message.text);
        return;
      case 'ran':
        this.#finish(message.run, (call) => call.ran(message.outcome));
        return;
      case 'committed':
        this.#slotsUsed = message.slotsUsed;
        this.#finish(message.run, (call) => call.committed(message.facts));
        return;
      case 'failed':
        if (message.reason === 'budget') this.#slotsUsed = this.#slotsBudget;
        this.#finish(message.run, (call) => call.failed(message.reason, message.message));
        return;
      case 'fatal':
        if (message.image && !this.#isReady) this.#fail(imageFault(message.message));
        else this.#lose(message.message);
        return;
      default:
        this.#reply(message, binary);
        return;
    }
  }

  #runOf(run: number): RunCall {
    const call = this.#runs.get(run);
    if (call === undefined) throw new ProtocolError(`it speaks of run ${run}, which does not exist`);
    return call;
  }

  #finish(run: number, step: (call: RunCall) => void): void {
    const call = this.#runOf(run);
    step(call);
    if (call.ended) this.#runs.delete(run);
  }

  #reply(message: Extract<HostMessage, { request: number }>, binary: Buffer): void {
    const pending = this.#requests.get(message.request);
    if (pending === undefined) {
      throw new ProtocolError(`it answers request ${message.request}, which is not open`);
    }
    if (message.type !== 'refused' && message.type !== pending.type) {
      throw new ProtocolError(`it answers ${message.type} where ${pending.type} was asked for`);
    }
    this.#requests.delete(message.request);
    if (message.type === 'stats') this.#slotsUsed = message.stats.slotsUsed;
    if (message.type === 'refused' && message.reason === 'budget') this.#slotsUsed = this.#slotsBudget;
    if (message.type === 'refused') {
      pending.reject(refusalOf(message));
      return;
    }
    // The decoder may reuse the memory; replies are kept.
    pending.resolve({ message, binary: Buffer.from(binary) });
  }
}

function imageFault(why: string): WorldError {
  const text = `The image cannot be built: ${why}\nCorrect its preamble or packages and create it again.`;
  return new WorldError('IMAGE_BUILD_FAILED', text, { details: { reason: why } });
}

function refusalOf(message: Extract<HostMessage, { type: 'refused' }>): WorldError {
  const text = `the executor host refused: ${message.message}`;
  switch (message.reason) {
    case 'unknownState':
      return new WorldError('STATE_LOST', text);
    case 'budget':
      return slabFull(text);
    case 'files':
      return new WorldError('FILE_LIMIT', `${text}: remove files`);
    case 'fileNotFound':
      return new WorldError('FILE_NOT_FOUND', `No such file: ${message.message}.`);
    case 'fileConflict':
      return new WorldError('FILE_CONFLICT', `Not possible with these files: ${message.message}.`);
    case 'fileProtected':
      return new WorldError(
        'FILE_PROTECTED',
        `Refused: ${message.message}. Use /home, /tmp or a folder of your own.`,
      );
    case 'fileLimit':
      return new WorldError(
        'FILE_LIMIT',
        `Refused: ${message.message}. Remove files, or give the world more.`,
      );
    case 'invalid':
      return new WorldError('PAGE_CORRUPT', text);
  }
}
