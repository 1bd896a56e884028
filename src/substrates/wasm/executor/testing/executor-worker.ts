import { parentPort } from 'node:worker_threads';
import { bootExecutor } from '../boot-executor.js';
import { WasmExecutor } from '../executor.js';
import type { CommitDelta, Executor, LoadDelta, RunOutcome, RunRequest } from '../executor-contract.js';
import { PackedSink, PackedSlots } from '../startup-format.js';
import { loadWrittenPages } from '../written-pages.js';

/** A worker thread that lets a test drive one executor. Page slots are one shared array with a common counter. */

export type TestOrder =
  | {
      readonly op: 'boot';
      readonly module: WebAssembly.Module;
      readonly startupSnapshot: Uint8Array;
      readonly interrupt: Int32Array;
      /** Whether to use the kernel's record of written pages. */
      readonly writtenPages: boolean;
      readonly pages: Uint8Array;
      readonly next: Int32Array;
    }
  | { readonly op: 'writeBase' }
  | { readonly op: 'adoptBase'; readonly base: CommitDelta }
  | {
      readonly op: 'load';
      readonly delta: LoadDelta;
      /** A planted fault: what no state holds there is not cleared. */
      readonly keep?: 'stack' | 'heap';
    }
  | { readonly op: 'run'; readonly request: RunRequest }
  | { readonly op: 'find'; readonly text: Uint8Array; readonly within?: 'stack' | 'heap' }
  | { readonly op: 'commit' }
  | { readonly op: 'rollback' };

export interface TestAnswer {
  readonly error?: string;
  readonly boot?: {
    readonly digest: string;
    readonly memoryBytes: number;
    readonly tracksWrites: boolean;
  };
  readonly delta?: CommitDelta;
  readonly outcome?: RunOutcome;
  readonly found?: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

const held: { executor?: Executor; slots?: PackedSlots; next?: Int32Array } = {};

async function handle(order: TestOrder): Promise<TestAnswer> {
  if (order.op === 'boot') {
    const writtenPages = order.writtenPages ? loadWrittenPages() : null;
    held.executor = await bootExecutor({ ...order, writtenPages });
    held.slots = new PackedSlots(order.pages);
    held.next = order.next;
    const { baseDigest, memoryBytes, tracksWrites } = held.executor;
    return { boot: { digest: baseDigest, memoryBytes, tracksWrites } };
  }
  const { executor, slots, next } = held;
  if (executor === undefined || slots === undefined || next === undefined) throw new Error('not booted');
  const sink = (count: number) => new PackedSink(slots, Atomics.add(next, 0, count));
  switch (order.op) {
    case 'writeBase':
      return { delta: executor.writeBase(sink(executor.baseSlots)) };
    case 'adoptBase':
      executor.adoptBase(order.base);
      return {};
    case 'load':
      loadFaultily(executor, order.keep ?? null, () => executor.load(slots, order.delta));
      return {};
    case 'run': {
      const output = { stdout: '', stderr: '' };
      const outcome = executor.run(order.request, (stream, text) => {
        output[stream] += text;
      });
      return { outcome, ...output };
    }
    case 'find':
      return { found: countInMemory(executor, order.text, order.within ?? null) };
    case 'commit':
      return { delta: executor.commit(sink(executor.slotsNeeded())) };
    case 'rollback':
      executor.rollback();
      return {};
  }
}

/** Loads; with a fault, puts back what was in that part and lies outside the new state as well. */
function loadFaultily(executor: Executor, keep: 'stack' | 'heap' | null, load: () => void): void {
  if (keep === null) {
    load();
    return;
  }
  const ours = ownExecutor(executor);
  const before = Buffer.from(Buffer.from(ours.memoryBuffer));
  const [low] = ours.deadRanges[keep];
  load();
  const [start, end] = ours.deadRanges[keep];
  Buffer.from(ours.memoryBuffer).set(before.subarray(Math.min(start, low), end), Math.min(start, low));
}

function ownExecutor(executor: Executor): WasmExecutor {
  if (!(executor instanceof WasmExecutor)) throw new Error('not an executor of ours');
  return executor;
}

/** Occurrences in the whole linear memory, also where no state reaches, or in a part where none does. */
function countInMemory(executor: Executor, text: Uint8Array, within: 'stack' | 'heap' | null): number {
  const ours = ownExecutor(executor);
  const [start, end] = within === null ? [0, ours.memoryBuffer.byteLength] : ours.deadRanges[within];
  const memory = Buffer.from(ours.memoryBuffer).subarray(start, end);
  let found = 0;
  for (let at = memory.indexOf(text); at >= 0; at = memory.indexOf(text, at + 1)) found++;
  return found;
}

const port = parentPort;
port?.on('message', (order: TestOrder) => {
  handle(order).then(
    (answer) => port.postMessage(answer),
    (error: unknown) => port.postMessage({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
