import { hrtime } from 'node:process';
import type { BranchIdentity } from '../../../ports/substrate.js';
import type { Engine } from './engine.js';
import type {
  CommitDelta,
  Executor,
  LoadDelta,
  PageSink,
  PageSlots,
  Registers,
  RunOutcome,
  RunRequest,
} from './executor-contract.js';
import type { GuestFiles } from './guest-files.js';
import type { GuestInputs } from './guest-inputs.js';
import type { GuestMemory } from './guest-memory.js';
import { GuestOutput, type OutputWrite } from './guest-output.js';
import type { HostChannel } from './host-channel.js';
import { callWithText, type HarnessAddresses, PythonCallFailed } from './python-calls.js';
import { splitSource } from './split-source.js';
import { stateRoot } from './state-root.js';

/** What a run may use, read by the imports and devices while it goes on. */
export interface RunScope {
  memoryBytes: number;
  output: GuestOutput | null;
  interrupted: boolean;
  umask: number;
}

export interface ExecutorParts {
  readonly engine: Engine;
  readonly inputs: GuestInputs;
  readonly memory: GuestMemory;
  readonly files: GuestFiles;
  readonly channel: HostChannel;
  readonly scope: RunScope;
  readonly addresses: HarnessAddresses;
  readonly interrupt: Int32Array;
  readonly base: { readonly digest: string; readonly slots: number };
}

/** Lengths that must never change, because what the tables hold is not part of a state. */
interface TableLengths {
  readonly functions: number;
  readonly immortal: number;
  readonly mortal: number;
}

export function tableLengths(engine: Engine): TableLengths {
  const { exports } = engine;
  return {
    functions: exports.__indirect_function_table.length,
    immortal: exports.world_immortal_references.length,
    mortal: exports.world_mortal_references.length,
  };
}

/** An executor whose guest stands at its base state, with the imports locked. */
export class WasmExecutor implements Executor {
  readonly baseDigest: string;
  readonly baseSlots: number;
  readonly #parts: ExecutorParts;
  readonly #tables: TableLengths;
  #changed: number[] | null = null;
  /** Registers at the last load or commit. */
  #registers: Registers;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    this.baseDigest = parts.base.digest;
    this.baseSlots = parts.base.slots;
    this.#tables = tableLengths(parts.engine);
    this.#registers = this.#readRegisters();
  }

  get memoryBytes(): number {
    return this.#parts.memory.sizeBytes;
  }

  get tracksWrites(): boolean {
    return this.#parts.memory.tracksWrites;
  }

  /** Captures the present state whole, as the base of all worlds. */
  captureBase(sink: PageSink): CommitDelta {
    this.#parts.files.closeUnsaveable();
    this.#registers = this.#readRegisters();
    return this.writeBase(sink);
  }

  /** The linear memory itself, for tests that look for what should not be there. */
  get memoryBuffer(): ArrayBuffer {
    return this.#parts.engine.exports.memory.buffer;
  }

  /** Where its parts lie that no state holds: the C stack below its pointer, and what is above the heap. For such tests, too. */
  get deadRanges(): Readonly<Record<'stack' | 'heap', readonly [start: number, end: number]>> {
    const { exports } = this.#parts.engine;
    return {
      stack: [exports.emscripten_stack_get_end(), exports.__stack_pointer.value],
      heap: [this.#parts.memory.heapTop, exports.memory.buffer.byteLength],
    };
  }

  writeBase(sink: PageSink): CommitDelta {
    const { memory, files } = this.#parts;
    const indexes = memory.nonZeroPages();
    memory.forgetPages();
    const ids = memory.save(indexes, sink);
    files.forgetPages();
    const tree = files.save(sink);
    return {
      indexes: Int32Array.from(indexes),
      ids,
      registers: this.#registers,
      files: tree,
      root: null,
      slotsUsed: sink.slotsUsed,
      ownBytes: sink.bytes,
    };
  }

  adoptBase(base: CommitDelta): void {
    this.#parts.memory.adoptPages(base.indexes, base.ids);
    if (base.files !== undefined) this.#parts.files.adoptPages(base.files);
  }

  load(slots: PageSlots, delta: LoadDelta): void {
    const { memory, files } = this.#parts;
    memory.load(slots, delta.indexes, delta.ids, delta.registers.heapTop);
    if (delta.files !== undefined) files.load(slots, delta.files);
    this.#restoreRegisters(delta.registers);
    this.#changed = null;
  }

  run(request: RunRequest, write: OutputWrite): RunOutcome {
    const { scope, inputs, channel, files, memory, interrupt } = this.#parts;
    const output = new GuestOutput(request.outputBytes, write);
    scope.memoryBytes = request.memoryBytes;
    scope.output = output;
    scope.interrupted = false;
    files.setLimits({ bytes: request.fileBytes, files: request.files, open: request.openFiles });
    channel.begin(request.balances);
    inputs.advanceTo(request.clockNs);
    this.#changed = null;
    const start = hrtime.bigint();
    const elapsedMs = () => Number(hrtime.bigint() - start) / 1e6;
    try {
      if (request.rekey !== null) this.#become(request.rekey);
      const answer = this.#call(request.code);
      output.end();
      const runMs = elapsedMs();
      if (scope.interrupted || Atomics.load(interrupt, 0) !== 0) return { kind: 'interrupted', runMs };
      this.#assertTablesUnmoved();
      if (memory.stackOverflowed) throw new Error('the C stack overflowed');
      return { ...this.#outcome(answer, output), runMs };
    } catch (error) {
      if (error instanceof PythonCallFailed && scope.interrupted) {
        return { kind: 'interrupted', runMs: elapsedMs() };
      }
      if (error instanceof PythonCallFailed && error.outOfMemory) {
        return { ...this.#outcome(OUT_OF_MEMORY, output), runMs: elapsedMs() };
      }
      return { kind: 'fatal', reason: fatalReason(error), runMs: elapsedMs() };
    } finally {
      scope.output = null;
      // An interrupt that came too late for this execution must not hit the next one.
      Atomics.store(interrupt, 0, 0);
    }
  }

  slotsNeeded(): number {
    this.#changed ??= this.#parts.memory.changedPages();
    return this.#changed.length + this.#parts.files.slotsNeeded();
  }

  commit(sink: PageSink): CommitDelta {
    const { memory, files } = this.#parts;
    files.closeUnsaveable();
    const changed = this.#changed ?? memory.changedPages();
    const ids = memory.save(changed, sink);
    const tree = files.changed ? files.save(sink) : null;
    this.#changed = null;
    this.#registers = this.#readRegisters();
    return {
      indexes: Int32Array.from(changed),
      ids,
      registers: this.#registers,
      ...(tree === null ? {} : { files: tree }),
      root: stateRoot(memory.root(), files.root(), this.#registers),
      slotsUsed: sink.slotsUsed,
      ownBytes: sink.bytes,
    };
  }

  rollback(): void {
    const { memory, files, engine } = this.#parts;
    // The stack pointer first: what lies below it is not compared.
    engine.exports.__stack_pointer.value = this.#registers.stackPointer;
    memory.rollback();
    if (files.changed) files.rollback();
    this.#restoreRegisters(this.#registers);
    this.#changed = null;
  }

  #become(identity: BranchIdentity): void {
    const { engine, addresses, inputs } = this.#parts;
    if (!identity.commonRandomNumbers) inputs.become(identity.seed);
    const fields = [
      identity.worldId,
      identity.verse,
      String(identity.trit),
      identity.probability,
      String(identity.seed),
      identity.commonRandomNumbers ? '1' : '0',
    ];
    callWithText(engine.exports, addresses, addresses.stageIdentity, fields.join('\0'));
  }

  #call(code: string): string | null {
    const { engine, addresses } = this.#parts;
    const split = splitSource(code);
    if (split.kind === 'statements' || code.includes('\0')) {
      return callWithText(engine.exports, addresses, addresses.runStatements, code);
    }
    return callWithText(engine.exports, addresses, addresses.runSplit, `${split.head}\0${split.tail}`);
  }

  #outcome(answer: string | null, output: GuestOutput): Omit<RunOutcome & { kind: 'done' }, 'runMs'> {
    const kind = answer?.charAt(0) ?? '';
    const text = answer?.slice(1) ?? '';
    const failed = kind === 'E' || kind === 'S';
    return {
      kind: 'done',
      ok: !failed,
      changed: kind !== 'S',
      value: kind === 'V' ? text : null,
      error: failed ? parseError(text) : null,
      effects: failed ? [] : this.#parts.channel.effects,
      stdoutTruncated: output.stdout.truncated,
      stderrTruncated: output.stderr.truncated,
    };
  }

  #assertTablesUnmoved(): void {
    const now = tableLengths(this.#parts.engine);
    for (const name of ['functions', 'immortal', 'mortal'] as const) {
      if (now[name] !== this.#tables[name]) {
        throw new Error(`the table of ${name} grew from ${this.#tables[name]} to ${now[name]} entries`);
      }
    }
  }

  #readRegisters(): Registers {
    const { engine, memory, inputs, files, scope } = this.#parts;
    return {
      stackPointer: engine.exports.__stack_pointer.value,
      heapTop: memory.heapTop,
      clockNs: inputs.clockNs,
      entropySeed: inputs.entropySeed,
      entropyDrawn: inputs.entropyDrawn,
      cwd: files.cwd,
      umask: scope.umask,
      openFiles: files.openFiles(),
    };
  }

  #restoreRegisters(registers: Registers): void {
    const { engine, inputs, files, scope } = this.#parts;
    engine.exports.__stack_pointer.value = registers.stackPointer;
    inputs.clockNs = registers.clockNs;
    inputs.entropySeed = registers.entropySeed;
    inputs.entropyDrawn = registers.entropyDrawn;
    scope.umask = registers.umask;
    files.cwd = registers.cwd;
    files.reopen(registers.openFiles);
    this.#registers = registers;
  }
}

/** What the harness would have answered if it had had the memory. */
const OUT_OF_MEMORY = 'E["MemoryError", "", "MemoryError\\n"]';

function fatalReason(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function parseError(json: string): { type: string; message: string; traceback: string } {
  const [type = 'Error', message = '', traceback = ''] = JSON.parse(json) as string[];
  return { type, message, traceback };
}
