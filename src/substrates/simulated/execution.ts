import { streamAt } from '../../model/split-mix.js';
import { isErrorCode, WorldError } from '../../model/world-error.js';
import type { Clock } from '../../ports/clock.js';
import type {
  BranchIdentity,
  Effect,
  ExecuteRequest,
  ExecuteResult,
  GuestError,
  OutputSink,
} from '../../ports/substrate.js';
import {
  ProgramError,
  parseProgram,
  parseStatement,
  type SimulatedValue,
  type Statement,
} from './program.js';
import { contentToText, simulatedPath, textToContent } from './simulated-files.js';
import type { SimulatedState } from './world-state.js';

export interface ExecutionInput {
  readonly state: SimulatedState;
  readonly identity: BranchIdentity;
  readonly request: ExecuteRequest;
  readonly sink: OutputSink;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

export interface ExecutionOutput {
  readonly result: ExecuteResult;
  /** The state afterwards; the same object as before when nothing changed. */
  readonly state: SimulatedState;
}

/** What the guest's code raised. */
class GuestFailure extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

type Stream = 'stdout' | 'stderr';

/** The state while it is being changed, and what has come out so far. */
interface Run {
  readonly input: ExecutionInput;
  readonly variables: Map<string, SimulatedValue>;
  readonly files: Map<string, string>;
  readonly hooks: string[];
  clockNs: bigint;
  streamSeed: bigint;
  streamDrawn: bigint;
  /** Host time spent sleeping, ms. */
  sleptMs: number;
  readonly effects: Effect[];
  readonly text: Record<Stream, string>;
  readonly room: Record<Stream, number>;
  readonly truncated: Record<Stream, boolean>;
}

/** A guest's clock never goes back, whatever its host's does. */
export function laterOf(guestNs: bigint, hostNs: bigint): bigint {
  if (hostNs > guestNs) return hostNs;
  return guestNs;
}

function startRun(input: ExecutionInput): Run {
  const { state, request } = input;
  const { outputBytes } = request.limits;
  return {
    input,
    variables: new Map(state.variables),
    files: new Map(state.files),
    hooks: [...state.hooks],
    clockNs: laterOf(state.clockNs, request.clockNs),
    streamSeed: state.streamSeed,
    streamDrawn: state.streamDrawn,
    sleptMs: 0,
    effects: [],
    text: { stdout: '', stderr: '' },
    room: { stdout: outputBytes, stderr: outputBytes },
    truncated: { stdout: false, stderr: false },
  };
}

function write(run: Run, stream: Stream, line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  const kept = bytes.subarray(0, run.room[stream]);
  if (kept.length < bytes.length) run.truncated[stream] = true;
  run.room[stream] -= kept.length;
  // A streaming decoder holds back a character that was cut in the middle.
  const text = new TextDecoder().decode(kept, { stream: true });
  if (text === '') return;
  run.text[stream] += text;
  run.input.sink.write(stream, text);
}

/** Waits in host time, within what the execution may take. */
async function spend(run: Run, ms: number): Promise<void> {
  const { clock, signal, request } = run.input;
  const { timeoutMs, cpuMs } = request.limits;
  const leftMs = Math.min(timeoutMs, cpuMs) - run.sleptMs;
  const waitMs = Math.min(ms, leftMs);
  try {
    await clock.sleep(waitMs, signal);
  } catch (thrown) {
    if (!signal?.aborted) throw thrown;
  }
  throwIfAborted(signal);
  run.sleptMs += waitMs;
  if (ms > leftMs) {
    if (cpuMs < timeoutMs) {
      const text = `the execution used more than ${cpuMs} ms of processor time and was rolled back: raise cpuMs or do less`;
      throw new WorldError('CPU_LIMIT', text, { details: { cpuMs } });
    }
    throw new WorldError(
      'EXECUTION_TIMEOUT',
      `the execution took longer than ${timeoutMs} ms and was rolled back; raise timeoutMs or do less`,
      { details: { timeoutMs } },
    );
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new WorldError('INTERRUPTED', 'the caller interrupted the operation', { cause: signal.reason });
  }
}

function required<V>(map: ReadonlyMap<string, V>, key: string, type: string): V {
  const value = map.get(key);
  if (value === undefined) throw new GuestFailure(type, `there is no ${key}`);
  return value;
}

function draw(run: Run): bigint {
  const drawn = streamAt(run.streamSeed, run.streamDrawn);
  run.streamDrawn += 1n;
  return drawn;
}

/** What the request said, less what this execution gave away. */
function balanceOf(run: Run, token: string): bigint {
  const given = run.effects.filter((effect) => effect.kind === 'transfer' && effect.token === token);
  const total = given.reduce((sum, effect) => sum + BigInt('amount' in effect ? effect.amount : 0), 0n);
  return BigInt(run.input.request.balances[token] ?? '0') - total;
}

/** `overdraw` is a transfer by a guest that goes round its own check, as hostile code can. */
function transfer(run: Run, statement: Extract<Statement, { op: 'transfer' | 'overdraw' }>): null {
  const { op, to, token, amount } = statement;
  if (!/^[1-9]\d*$/.test(amount)) throw new GuestFailure('ValueError', `not an amount: ${amount}`);
  if (op === 'transfer' && BigInt(amount) > balanceOf(run, token)) {
    throw new GuestFailure('InsufficientBalance', `there is less than ${amount} ${token}`);
  }
  run.effects.push({ kind: 'transfer', to, token, amount });
  return null;
}

function report(run: Run, { cost, value }: Extract<Statement, { op: 'report' }>): null {
  run.effects.push({
    kind: 'report',
    ...(cost === undefined ? {} : { cost }),
    ...(value === undefined ? {} : { value }),
  });
  return null;
}

function whoAmI(run: Run): null {
  const { worldId, verse, trit, probability, seed } = run.input.identity;
  for (const fact of [worldId, verse, trit, probability, seed]) write(run, 'stdout', String(fact));
  return null;
}

function fault(code: string): never {
  if (!isErrorCode(code)) throw new GuestFailure('ValueError', `not an error code: ${code}`);
  throw new WorldError(code, `the simulated guest asked for ${code}`);
}

function allocate(run: Run, bytes: number): null {
  const { memoryBytes } = run.input.request.limits;
  if (bytes <= memoryBytes) return null;
  throw new WorldError('MEMORY_LIMIT', `the guest asked for ${bytes} bytes and may have ${memoryBytes}`, {
    details: { bytes, memoryBytes },
  });
}

function add(run: Run, { name, amount }: Extract<Statement, { op: 'add' }>): null {
  const value = required(run.variables, name, 'NameError');
  if (typeof value !== 'bigint') throw new GuestFailure('TypeError', `${name} is not a number`);
  run.variables.set(name, value + amount);
  return null;
}

/** Runs one statement and answers its value, or null when it has none. */
async function step(run: Run, statement: Statement): Promise<SimulatedValue | null> {
  throwIfAborted(run.input.signal);
  switch (statement.op) {
    case 'set':
      run.variables.set(statement.name, statement.value);
      return null;
    case 'get':
      return required(run.variables, statement.name, 'NameError');
    case 'unset':
      run.variables.delete(statement.name);
      return null;
    case 'add':
      return add(run, statement);
    case 'print':
    case 'warn':
      write(run, statement.op === 'print' ? 'stdout' : 'stderr', statement.text);
      return null;
    case 'write':
      run.files.set(simulatedPath(statement.path), textToContent(statement.text));
      return null;
    case 'read':
      return contentToText(required(run.files, simulatedPath(statement.path), 'FileNotFoundError'));
    case 'report':
      return report(run, statement);
    case 'transfer':
    case 'overdraw':
      return transfer(run, statement);
    case 'balance':
      return balanceOf(run, statement.token);
    case 'fail':
      throw new GuestFailure('SimulatedError', statement.message);
    case 'fault':
      return fault(statement.code);
    case 'allocate':
      return allocate(run, statement.bytes);
    case 'random':
      return draw(run);
    case 'now':
      run.clockNs += 1000n;
      return run.clockNs;
    case 'whoami':
      return whoAmI(run);
    case 'sleep':
      await spend(run, statement.ms);
      run.clockNs += BigInt(statement.ms) * 1_000_000n;
      return null;
    case 'hang':
      await spend(run, Number.POSITIVE_INFINITY);
      return null;
    case 'on-branch':
      run.hooks.push(statement.line);
      return null;
    case 'repeat':
      for (let time = 0; time < statement.times; time += 1) await step(run, statement.statement);
      return null;
  }
}

export function sameIdentity(a: BranchIdentity | null, b: BranchIdentity): boolean {
  return a !== null && a.worldId === b.worldId && a.generation === b.generation;
}

/** Makes the guest another: its own stream unless it shares its parent's, then the hooks it registered. */
async function rekey(run: Run): Promise<void> {
  const { state, identity } = run.input;
  if (sameIdentity(state.identity, identity)) return;
  if (state.identity === null || !identity.commonRandomNumbers) {
    run.streamSeed = identity.seed;
    run.streamDrawn = 0n;
  }
  for (const line of run.hooks) await step(run, parseStatement(line));
}

/** As the port asks: integers as they are, text in quotes. */
function represent(value: SimulatedValue | null): string | null {
  if (value === null) return null;
  return typeof value === 'bigint' ? value.toString() : `'${value}'`;
}

function resultOf(run: Run, runMs: number, value: string | null, error: GuestError | null): ExecuteResult {
  return {
    ok: error === null,
    changed: true,
    value,
    stdout: run.text.stdout,
    stderr: run.text.stderr,
    stdoutTruncated: run.truncated.stdout,
    stderrTruncated: run.truncated.stderr,
    error,
    effects: error === null ? run.effects : [],
    runMs,
  };
}

function guestError(type: string, message: string): GuestError {
  return { type, message, traceback: `${type}: ${message}\n` };
}

function compile(code: string): Statement[] | ProgramError {
  try {
    return parseProgram(code);
  } catch (thrown) {
    if (thrown instanceof ProgramError) return thrown;
    throw thrown;
  }
}

/**
 * One execution as a function of its inputs: the same ones give the same output.
 *
 * @throws EXECUTION_TIMEOUT, INTERRUPTED, MEMORY_LIMIT, or what a `fault` statement names: nothing changed.
 */
export async function executeProgram(input: ExecutionInput): Promise<ExecutionOutput> {
  throwIfAborted(input.signal);
  const startedMs = input.clock.monotonicMs();
  const run = startRun(input);
  const program = compile(input.request.code);
  if (program instanceof ProgramError) {
    const error = guestError('SyntaxError', program.message);
    return { result: { ...resultOf(run, 0, null, error), changed: false }, state: input.state };
  }
  let value: SimulatedValue | null = null;
  let error: GuestError | null = null;
  try {
    await rekey(run);
    for (const statement of program) value = await step(run, statement);
  } catch (thrown) {
    if (!(thrown instanceof GuestFailure)) throw thrown;
    value = null;
    error = guestError(thrown.type, thrown.message);
  }
  const { variables, files, hooks, clockNs, streamSeed, streamDrawn } = run;
  return {
    result: resultOf(run, input.clock.monotonicMs() - startedMs, represent(value), error),
    state: { variables, files, hooks, clockNs, streamSeed, streamDrawn, identity: input.identity },
  };
}
