import { PAGE_BYTES } from '../../../ports/page-store.js';
import { compareFiles } from './compare-files.js';
import { FileTreeEditor, pagesNeeded } from './edit-files.js';
import { FileRefusal } from './file-paths.js';
import type { FrameConnection } from './frame-connection.js';
import type { PageMemory } from './page-memory.js';
import { difference, pageIdIn } from './page-table.js';
import { listFiles, readFile } from './read-files.js';
import { factsOf, type HostState } from './state-store.js';
import type { EditFilesMessage, FileMessage, HostMessage } from './wire.js';

export interface FileServiceOptions {
  readonly connection: FrameConnection<HostMessage>;
  readonly memory: PageMemory;
  readonly base: HostState;
}

const MS_NS = 1_000_000n;

/** Answers what the control process wants of the files of states. No guest runs for it. */
export class FileService {
  readonly #options: FileServiceOptions;

  constructor(options: FileServiceOptions) {
    this.#options = options;
  }

  receive(message: FileMessage, binary: Buffer): void {
    const { request } = message;
    try {
      this.#answer(message, binary);
    } catch (error) {
      if (!(error instanceof FileRefusal)) throw error;
      this.#options.connection.send({
        type: 'refused',
        request,
        reason: error.reason,
        message: error.message,
      });
    }
  }

  #answer(message: FileMessage, binary: Buffer): void {
    const { connection, memory } = this.#options;
    const { request } = message;
    const state = memory.states.get(message.state);
    if (state === undefined) {
      connection.send({
        type: 'refused',
        request,
        reason: 'unknownState',
        message: `no state ${message.state}`,
      });
      return;
    }
    switch (message.type) {
      case 'listFiles':
        connection.send({ type: 'listed', request, ...listFiles(state, message) });
        return;
      case 'readFile': {
        const { entry, bytes } = readFile(state, memory.view(), message);
        connection.send({ type: 'filePart', request, entry }, bytes);
        return;
      }
      case 'editFiles':
        this.#edit(state, message, binary);
        return;
      case 'compareFiles': {
        const other = this.#other(message.with, request);
        if (other === null) return;
        const found = compareFiles(state.files, other.files, memory.view(), message);
        connection.send({ type: 'filesCompared', request, ...found });
        return;
      }
      case 'compare': {
        const other = this.#other(message.with, request);
        if (other !== null) this.#compare(state, other, request);
        return;
      }
    }
  }

  /** The second state of a comparison; null when there is none, which then was answered. */
  #other(handle: number, request: number): HostState | null {
    const { connection, memory } = this.#options;
    const state = memory.states.get(handle);
    if (state !== undefined) return state;
    connection.send({ type: 'refused', request, reason: 'unknownState', message: `no state ${handle}` });
    return null;
  }

  #edit(state: HostState, message: EditFilesMessage, binary: Buffer): void {
    const { connection, memory, base } = this.#options;
    const { request } = message;
    const granted = memory.allocate(pagesNeeded(message.edits));
    if (granted === null) {
      connection.send({ type: 'refused', request, reason: 'budget', message: 'no room for the files' });
      return;
    }
    let used = 0;
    try {
      const view = memory.view();
      const wantedNs = BigInt(message.clockNs);
      const clockNs = wantedNs > state.registers.clockNs ? wantedNs : state.registers.clockNs;
      const editor = new FileTreeEditor(state, {
        base: base.files,
        slots: view,
        stateOf: (handle) => memory.states.get(handle),
        store: (page) => {
          const id = granted[used++] ?? 0;
          view.write(id, page, 0);
          return id;
        },
        nowMs: Number(clockNs / MS_NS),
      });
      let at = 0;
      const changes = message.edits.map((edit) => {
        const length = edit.kind === 'write' ? edit.bytes : 0;
        at += length;
        return editor.apply(edit, binary.subarray(at - length, at));
      });
      editor.requireBounds(message);
      const files = editor.tree;
      const made: HostState = {
        table: state.table,
        files,
        registers: { ...state.registers, clockNs },
        ownBytes: used * PAGE_BYTES,
        overheadBytes: files.nodes.length * 8,
        root: null,
      };
      memory.states.set(message.to, made);
      connection.send({ type: 'edited', request, facts: factsOf(made), changes });
    } catch (error) {
      used = 0;
      throw error;
    } finally {
      memory.states.noteLoose(granted.length - used);
    }
  }

  #compare(state: HostState, other: HostState, request: number): void {
    const { connection, memory } = this.#options;
    const view = memory.view();
    const [a, b] = [Buffer.alloc(PAGE_BYTES), Buffer.alloc(PAGE_BYTES)];
    const changes = difference(state.table, other.table);
    let differing = 0;
    changes.indexes.forEach((page, i) => {
      // Two states that came to the same content on different ways have it under two ids.
      view.read(pageIdIn(state.table, page), a, 0);
      view.read(changes.ids[i] ?? 0, b, 0);
      if (!a.equals(b)) differing++;
    });
    const heapTop = Math.max(state.registers.heapTop, other.registers.heapTop);
    const total = Math.max(differing, Math.ceil(heapTop / PAGE_BYTES));
    connection.send({ type: 'compared', request, differing, total });
  }
}
