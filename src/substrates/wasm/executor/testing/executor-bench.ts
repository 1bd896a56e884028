import { strict as assert } from 'node:assert';
import { Worker } from 'node:worker_threads';
import { DEFAULT_LIMITS, MIB } from '../../../../model/limits.js';
import { PAGE_BYTES } from '../../../../ports/page-store.js';
import type { CommitDelta, FileTree, Registers, RunOutcome, RunRequest } from '../executor-contract.js';
import { encodeBundle, type ImageBundle } from '../image-bundle.js';
import { EXECUTOR_STACK_MIB } from '../sizes.js';
import { compileEngine, makeStartupSnapshot } from '../startup-snapshot.js';
import type { TestAnswer, TestOrder } from './executor-worker.js';

/** A captured state as a test holds it: page number -> slot, and the rest. */
export interface TestState {
  readonly pages: ReadonlyMap<number, number>;
  readonly registers: Registers;
  readonly files: FileTree;
}

export interface Startup {
  readonly module: WebAssembly.Module;
  readonly bytes: Uint8Array;
}

export interface Ran {
  readonly outcome: RunOutcome;
  readonly stdout: string;
  readonly stderr: string;
}

const SLOTS = 512 * MIB;

export async function makeStartup(image?: ImageBundle): Promise<Startup> {
  const { module } = await compileEngine();
  const made = await makeStartupSnapshot(module, image === undefined ? null : encodeBundle(image));
  const bytes = new Uint8Array(new SharedArrayBuffer(made.length));
  bytes.set(made);
  return { module, bytes };
}

/** Slots that several executors of one test share. */
export class TestSlab {
  readonly pages = new Uint8Array(new SharedArrayBuffer(SLOTS));
  readonly next = new Int32Array(new SharedArrayBuffer(4)).fill(1);
}

/** One executor in a worker thread, with the bookkeeping that the executor host does for real. */
export class TestExecutor {
  readonly interrupt = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  #pages = new Map<number, number>();
  #files: FileTree | null = null;
  #registers: Registers | null = null;
  digest = '';
  tracksWrites = false;
  /** Of the last commit. */
  root: string | null = null;

  private constructor() {
    this.#worker = new Worker(new URL('./executor-worker.js', import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { stackSizeMb: EXECUTOR_STACK_MIB },
    });
  }

  /**
   * @param base the base as another executor wrote it; without it, this one writes it.
   * @param writtenPages whether to use the kernel's record of written pages, where there is one.
   */
  static async boot(
    startup: Startup,
    slab: TestSlab,
    base?: TestState,
    writtenPages = true,
  ): Promise<TestExecutor> {
    const made = new TestExecutor();
    const { boot } = await made.#call({
      op: 'boot',
      module: startup.module,
      startupSnapshot: startup.bytes,
      interrupt: made.interrupt,
      writtenPages,
      pages: slab.pages,
      next: slab.next,
    });
    made.digest = boot?.digest ?? '';
    made.tracksWrites = boot?.tracksWrites ?? false;
    if (base === undefined) made.#apply(deltaOf(await made.#call({ op: 'writeBase' })));
    else {
      const [pages, files, registers] = [base.pages, base.files, base.registers];
      const delta = { indexes: Int32Array.from(pages.keys()), ids: Int32Array.from(pages.values()) };
      await made.#call({
        op: 'adoptBase',
        base: { ...delta, registers, files, root: null, slotsUsed: 0, ownBytes: 0 },
      });
      made.#apply({ ...delta, registers, files, root: null, slotsUsed: 0, ownBytes: 0 });
    }
    return made;
  }

  get state(): TestState {
    assert(this.#files !== null && this.#registers !== null);
    return { pages: new Map(this.#pages), files: this.#files, registers: this.#registers };
  }

  /** @param keep a planted fault: a part of the memory that is not cleared. */
  async load(state: TestState, keep?: 'stack' | 'heap'): Promise<void> {
    const changed = [...new Set([...this.#pages.keys(), ...state.pages.keys()])].filter(
      (page) => (this.#pages.get(page) ?? 0) !== (state.pages.get(page) ?? 0),
    );
    await this.#call({
      op: 'load',
      delta: {
        indexes: Int32Array.from(changed),
        ids: Int32Array.from(changed, (page) => state.pages.get(page) ?? 0),
        registers: state.registers,
        ...(state.files === this.#files ? {} : { files: state.files }),
      },
      ...(keep === undefined ? {} : { keep }),
    });
    this.#pages = new Map(state.pages);
    this.#files = state.files;
    this.#registers = state.registers;
  }

  /** Runs, without deciding what becomes of it. */
  async run(code: string, request: Partial<RunRequest> = {}): Promise<Ran> {
    const {
      outcome,
      stdout = '',
      stderr = '',
    } = await this.#call({
      op: 'run',
      request: { ...DEFAULT_REQUEST, code, ...request },
    });
    assert(outcome !== undefined);
    return { outcome, stdout, stderr };
  }

  /** Number of pages that changed. */
  async commit(): Promise<number> {
    const delta = deltaOf(await this.#call({ op: 'commit' }));
    this.#apply(delta);
    return delta.indexes.length;
  }

  async rollback(): Promise<void> {
    await this.#call({ op: 'rollback' });
  }

  /** Runs and keeps the result, as the host does: what did not compile changes nothing. */
  async execute(code: string, request: Partial<RunRequest> = {}): Promise<Ran & { readonly outcome: Done }> {
    const ran = await this.run(code, request);
    const { outcome } = ran;
    if (outcome.kind !== 'done') throw new Error(`${code}: ${JSON.stringify(outcome)}`);
    if (outcome.changed) await this.commit();
    else await this.rollback();
    return { ...ran, outcome };
  }

  /** The value of code that must succeed. */
  async value(code: string, request: Partial<RunRequest> = {}): Promise<string | null> {
    const { outcome } = await this.execute(code, request);
    if (!outcome.ok) throw new Error(`${code}: ${outcome.error?.traceback}`);
    return outcome.value;
  }

  /** How often the bytes occur anywhere in the executor's linear memory, or in a part that no state holds. */
  async find(text: Uint8Array, within?: 'stack' | 'heap'): Promise<number> {
    const order = { op: 'find' as const, text, ...(within === undefined ? {} : { within }) };
    return (await this.#call(order)).found ?? -1;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #apply(delta: CommitDelta): void {
    for (const [i, page] of delta.indexes.entries()) this.#pages.set(page, delta.ids[i] ?? 0);
    if (delta.files !== undefined) this.#files = delta.files;
    this.#registers = delta.registers;
    this.root = delta.root;
  }

  #call(order: TestOrder): Promise<TestAnswer> {
    return new Promise((resolve, reject) => {
      const failed = (error: Error) => reject(error);
      this.#worker.once('error', failed);
      this.#worker.once('message', (answer: TestAnswer) => {
        this.#worker.off('error', failed);
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      });
      this.#worker.postMessage(order);
    });
  }
}

export type Done = Extract<RunOutcome, { kind: 'done' }>;

/** The bytes of every page of a state, for searching. */
export function pageBytes(slab: TestSlab, id: number): Uint8Array {
  return slab.pages.subarray((id - 1) * PAGE_BYTES, id * PAGE_BYTES);
}

const DEFAULT_REQUEST: Omit<RunRequest, 'code'> = {
  clockNs: 1_800_000_000_000_000_000n,
  rekey: null,
  balances: {},
  memoryBytes: DEFAULT_LIMITS.memoryBytes,
  outputBytes: DEFAULT_LIMITS.outputBytes,
  fileBytes: DEFAULT_LIMITS.fileBytes,
  files: DEFAULT_LIMITS.files,
  openFiles: 1024,
};

function deltaOf(answer: TestAnswer): CommitDelta {
  assert(answer.delta !== undefined);
  return answer.delta;
}
