import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileTree } from '../executor/executor-contract.js';
import type { FrameConnection } from './frame-connection.js';
import { FrameError } from './frames.js';
import type { PageMemory } from './page-memory.js';
import type { SegmentSlots } from './page-slots.js';
import { difference, pageIdIn, withChanges } from './page-table.js';
import { shareFiles } from './share-files.js';
import { factsOf, type HostState } from './state-store.js';
import {
  type BuildMessage,
  type ControlMessage,
  filesFromWire,
  filesToWire,
  type HostMessage,
  registersFromWire,
  registersToWire,
} from './wire.js';

export type TransferMessage = Extract<
  ControlMessage,
  { type: 'describe' | 'readPages' | 'adopt' | 'upload' | 'build' | 'endSession' }
>;

export interface StateTransferOptions {
  readonly connection: FrameConnection<HostMessage>;
  readonly memory: PageMemory;
  readonly base: HostState;
  /** The main thread's own view of the slab. */
  readonly slots: SegmentSlots;
}

/** Sends states to the control process, which makes them durable, and takes them back. */
export class StateTransfer {
  readonly #options: StateTransferOptions;
  /** Slots that a state being built refers to, by session: kept until the session ends. */
  readonly #sessions = new Map<number, number[]>();

  constructor(options: StateTransferOptions) {
    this.#options = options;
    options.memory.addRoots(() => ({ tables: [], files: [], ids: this.#sessions.values() }));
  }

  receive(message: TransferMessage, binary: Buffer): void {
    switch (message.type) {
      case 'describe':
        this.#describe(message.request, message.state);
        return;
      case 'readPages':
        this.#readPages(message.request, binary);
        return;
      case 'adopt':
        this.#adopt(message.request, message.session, binary);
        return;
      case 'upload':
        this.#upload(message.request, message.session, binary);
        return;
      case 'build':
        this.#build(message, binary);
        return;
      case 'endSession':
        this.#options.memory.states.noteLoose(this.#sessions.get(message.session)?.length ?? 0);
        this.#sessions.delete(message.session);
        return;
    }
  }

  /** Segments may have been added since this thread last looked. */
  #view(): SegmentSlots {
    const { slots, memory } = this.#options;
    for (const segment of memory.slab.segments.slice(slots.segmentCount)) slots.add(segment);
    return slots;
  }

  #session(id: number): number[] {
    const slots = this.#sessions.get(id) ?? [];
    this.#sessions.set(id, slots);
    return slots;
  }

  #describe(request: number, handle: number): void {
    const { connection, memory, base } = this.#options;
    const state = memory.states.get(handle);
    if (state === undefined) {
      connection.send({ type: 'refused', request, reason: 'unknownState', message: `no state ${handle}` });
      return;
    }
    const changes = difference(base.table, state.table);
    const files = filesToWire(state.files, base.files);
    const slots = new Set<number>();
    for (const id of changes.ids) if (id !== 0) slots.add(id);
    for (const node of [...files.nodes, ...files.orphans]) {
      for (const id of node.pages ?? []) if (id !== 0) slots.add(id);
    }
    const words = new Uint32Array(2 + changes.ids.length * 3 + slots.size * 2);
    let at = 0;
    words[at++] = changes.ids.length;
    for (let i = 0; i < changes.ids.length; i++) {
      words[at++] = changes.indexes[i] ?? 0;
      words[at++] = changes.ids[i] ?? 0;
      words[at++] = pageIdIn(base.table, changes.indexes[i] ?? 0);
    }
    words[at++] = slots.size;
    for (const slot of slots) {
      words[at++] = slot;
      words[at++] = memory.epochOf(slot);
    }
    const registers = registersToWire(state.registers);
    try {
      connection.send({ type: 'described', request, registers, files }, new Uint8Array(words.buffer));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      const message = 'the file tree of the state is too large to be made durable';
      connection.send({ type: 'refused', request, reason: 'files', message });
    }
  }

  #readPages(request: number, binary: Buffer): void {
    const view = this.#view();
    const slots = wordsOf(binary);
    const bytes = Buffer.allocUnsafe(slots.length * PAGE_BYTES);
    slots.forEach((slot, i) => {
      view.read(slot, bytes, i * PAGE_BYTES);
    });
    this.#options.connection.send({ type: 'pages', request }, bytes);
  }

  #adopt(request: number, session: number, binary: Buffer): void {
    const { memory } = this.#options;
    const pairs = wordsOf(binary);
    const held = this.#session(session);
    const answers = new Uint8Array(pairs.length / 2);
    for (let i = 0; i < answers.length; i++) {
      const slot = pairs[i * 2] ?? 0;
      if (!memory.holds(slot, pairs[i * 2 + 1] ?? 0)) continue;
      held.push(slot);
      answers[i] = 1;
    }
    this.#options.connection.send({ type: 'adopted', request }, answers);
  }

  #upload(request: number, session: number, binary: Buffer): void {
    const { connection, memory } = this.#options;
    const count = pageCount(binary);
    const slots = memory.allocate(count);
    if (slots === null) {
      connection.send({ type: 'refused', request, reason: 'budget', message: `no room for ${count} pages` });
      return;
    }
    const view = this.#view();
    const held = this.#session(session);
    const pairs = new Uint32Array(count * 2);
    slots.forEach((slot, i) => {
      view.write(slot, binary, i * PAGE_BYTES);
      held.push(slot);
      pairs[i * 2] = slot;
      pairs[i * 2 + 1] = memory.epochOf(slot);
    });
    connection.send({ type: 'uploaded', request }, new Uint8Array(pairs.buffer));
  }

  #build(message: BuildMessage, binary: Buffer): void {
    const { connection, memory, base } = this.#options;
    const { request } = message;
    try {
      const pairs = wordsOf(binary);
      const indexes = Int32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[i * 2] ?? -1);
      const ids = Int32Array.from({ length: pairs.length / 2 }, (_, i) => pairs[i * 2 + 1] ?? -1);
      const { table, overheadBytes } = withChanges(base.table, { indexes, ids });
      const files: FileTree = shareFiles(base.files, filesFromWire(message.files, base.files));
      const state: HostState = {
        table,
        files,
        registers: registersFromWire(message.registers),
        ownBytes: this.#session(message.session).length * PAGE_BYTES,
        overheadBytes,
        root: null,
      };
      memory.states.set(message.state, state);
      connection.send({ type: 'built', request, facts: factsOf(state) });
    } catch (error) {
      connection.send({ type: 'refused', request, reason: 'invalid', message: String(error) });
    }
  }
}

/** @throws when `binary` is not a whole number of pages. */
function pageCount(binary: Uint8Array): number {
  if (binary.length % PAGE_BYTES !== 0) throw new RangeError(`${binary.length} bytes are not whole pages`);
  return binary.length / PAGE_BYTES;
}

function wordsOf(binary: Buffer): Uint32Array {
  if (binary.length % 4 !== 0) throw new RangeError('not whole 32-bit words');
  // A copy, because the frame's bytes need not be aligned.
  return new Uint32Array(binary.buffer.slice(binary.byteOffset, binary.byteOffset + binary.length));
}
