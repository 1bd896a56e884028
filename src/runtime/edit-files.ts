import { createHash } from 'node:crypto';
import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { FILE_PART_BYTES, type FileEdit } from '../ports/files.js';
import type { FileChangeRecord, RecordOf } from '../ports/journal-record.js';
import type { StateRef, Substrate, Wait } from '../ports/substrate.js';
import { againWhenLost } from './again-when-lost.js';
import { requireHead } from './execute.js';
import { requireRunning } from './find-world.js';
import { materialiseState } from './materialise-state.js';
import { requireRoom } from './require-room.js';
import type { RuntimeContext } from './runtime-context.js';
import { dropUpload, findUpload, STAGED_PATH } from './upload-file.js';
import type { World } from './world-model.js';

/** One change of a world's files. */
export type WorldFileEdit =
  /** The file's whole content: given here, or uploaded before. */
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly content: Uint8Array | { readonly upload: string };
      readonly mode?: number;
    }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string; readonly recursive: boolean }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  /** `state`: of this or any other world of the same base; default: this world as it is. */
  | { readonly kind: 'copy'; readonly path: string; readonly to: string; readonly state?: StateId }
  /** A directory that was uploaded, with all that is in it; merges into one that is there. */
  | { readonly kind: 'place'; readonly path: string; readonly upload: string };

export interface FileEdits {
  readonly world: World;
  readonly edits: readonly WorldFileEdit[];
  /** Refuse with `HEAD_MOVED` unless the world's head is this state. */
  readonly expectHead?: StateId;
}

/** Edits given to the substrate at a time. */
const BATCH_EDITS = 1000;

/**
 * Changes the files of a world from outside, after whatever already waits there: all edits become one new state, or none
 * does. Files are an input that nothing could compute again, so the state is durable before this is acknowledged.
 *
 * @throws WORLD_FROZEN, WORLD_COLLAPSED, WORLD_DELETED, HEAD_MOVED, QUEUE_FULL, TOO_MANY_STATES, INTERRUPTED, STORAGE_FAILED,
 *   FILE_NOT_FOUND, FILE_CONFLICT, FILE_PROTECTED, FILE_LIMIT, BAD_INPUT: the world is as it was.
 */
export async function editFiles(
  context: RuntimeContext,
  request: FileEdits,
  wait: Wait,
): Promise<RecordOf<'world.files-edited'>> {
  const { world } = request;
  return context.locks.hold([world.id], () => editNow(context, request, wait), wait.signal);
}

async function editNow(
  context: RuntimeContext,
  { world, edits, expectHead }: FileEdits,
  wait: Wait,
): Promise<RecordOf<'world.files-edited'>> {
  context.requireOpen();
  requireRunning(world);
  requireHead(world, expectHead);
  requireRoom(context, { worlds: 0, states: 1 });
  requireSources(context, world, edits);
  return context.pinned(world.head, () =>
    // A collection waits for what is written and not in the journal yet.
    context.whileRecording(() => editAndRecord(context, world, edits, wait)),
  );
}

async function editAndRecord(
  context: RuntimeContext,
  world: World,
  edits: readonly WorldFileEdit[],
  wait: Wait,
): Promise<RecordOf<'world.files-edited'>> {
  const parentState = world.head;
  const substrate = context.substrate(world.birth.substrate);
  const edit = async () => {
    const editor = new WorldFilesEditor(context, world, wait);
    try {
      await editor.begin();
      await editor.applyAll(edits);
      const durable = await substrate.persist(editor.ref, wait);
      return { ref: editor.ref, changes: editor.changes, durable };
    } catch (thrown) {
      await editor.discard();
      throw thrown;
    }
  };
  const { value, ms } = await context.timed(() => againWhenLost(context, world.birth, edit, wait));
  // The machine that is live stands at the state before. Letting go of it takes time, and the record has to have the time at
  // which it is committed.
  await context.retire(world.id);
  const state = context.parts.ids.next('state');
  const record: RecordOf<'world.files-edited'> = {
    op: 'world.files-edited',
    at: context.at(),
    worldId: world.id,
    parentState,
    state,
    durable: value.durable,
    changes: value.changes,
    timeMs: ms,
  };
  context.remember(state, Promise.resolve(value.ref));
  await context.commit(record);
  for (const id of uploadsOf(edits)) {
    const upload = context.uploads.get(id);
    if (upload) await dropUpload(context, upload).catch(() => {});
  }
  return record;
}

/** @throws BAD_INPUT, UNSUPPORTED */
function requireSources(context: RuntimeContext, world: World, edits: readonly WorldFileEdit[]): void {
  if (edits.length === 0)
    throw new WorldError('BAD_INPUT', 'There is nothing to change: say at least one edit.');
  for (const id of uploadsOf(edits)) findUpload(context, id);
  for (const edit of edits) {
    if (edit.kind !== 'copy' || edit.state === undefined) continue;
    const { birth } = context.model.world(context.model.state(edit.state).origin.worldId);
    if (birth.substrate === world.birth.substrate && birth.baseDigest === world.birth.baseDigest) continue;
    throw new WorldError(
      'UNSUPPORTED',
      `World ${world.name} and the source are of different bases, so files are not copied directly. Get them and put them.`,
    );
  }
}

function uploadsOf(edits: readonly WorldFileEdit[]): string[] {
  return edits.flatMap((edit) => {
    if (edit.kind === 'place') return [edit.upload];
    return edit.kind === 'write' && !(edit.content instanceof Uint8Array) ? [edit.content.upload] : [];
  });
}

/** A chain of states that nobody knows of yet, each with some more edits. */
class WorldFilesEditor {
  readonly changes: FileChangeRecord[] = [];
  readonly #context: RuntimeContext;
  readonly #world: World;
  readonly #wait: Wait;
  readonly #substrate: Substrate;
  readonly #clockNs: bigint;
  #ref: StateRef | null = null;
  /** False while it is the world's own head. */
  #isOurs = false;
  #batch: FileEdit[] = [];
  #records: FileChangeRecord[] = [];
  #batchBytes = 0;

  constructor(context: RuntimeContext, world: World, wait: Wait) {
    this.#context = context;
    this.#world = world;
    this.#wait = wait;
    this.#substrate = context.substrate(world.birth.substrate);
    this.#clockNs = context.parts.clock.nowNs();
  }

  get ref(): StateRef {
    if (this.#ref === null) throw new WorldError('INTERNAL', 'Files are edited before there is a state.');
    return this.#ref;
  }

  async begin(): Promise<void> {
    this.#ref = await materialiseState(this.#context, this.#world.head, this.#wait);
  }

  async applyAll(edits: readonly WorldFileEdit[]): Promise<void> {
    for (const edit of edits) await this.#add(edit);
    await this.#flush();
  }

  async discard(): Promise<void> {
    if (this.#isOurs) await this.#substrate.discard(this.ref).catch(() => {});
  }

  async #add(edit: WorldFileEdit): Promise<void> {
    switch (edit.kind) {
      case 'write':
        await this.#write(edit);
        return;
      case 'copy': {
        const { kind, path, to, state } = edit;
        const source =
          state === undefined ? {} : { source: await materialiseState(this.#context, state, this.#wait) };
        await this.#take({ kind, path, to, ...source }, { kind: 'copied', path: to, from: path });
        return;
      }
      case 'place': {
        const { path, upload } = edit;
        const source = findUpload(this.#context, upload).state;
        await this.#take({ kind: 'copy', path: STAGED_PATH, to: path, source }, { kind: 'written', path });
        return;
      }
      case 'rename':
        await this.#take(edit, { kind: 'renamed', path: edit.to, from: edit.path });
        return;
      case 'remove':
        await this.#take(edit, { kind: 'removed', path: edit.path });
        return;
      case 'directory':
        await this.#take(edit, { kind: 'directory', path: edit.path });
        return;
    }
  }

  async #write(edit: Extract<WorldFileEdit, { kind: 'write' }>): Promise<void> {
    const { kind, path, content, mode } = edit;
    const withMode = mode === undefined ? {} : { mode };
    if (content instanceof Uint8Array) {
      const sha256 = createHash('sha256').update(content).digest('hex');
      const record = { kind: 'written', path, sha256 } as const;
      await this.#take({ kind, path, bytes: content, append: false, ...withMode }, record);
      return;
    }
    const { state, hash } = findUpload(this.#context, content.upload);
    const record = { kind: 'written', path, sha256: hash.copy().digest('hex') } as const;
    // An empty file first: a link that leads somewhere is followed by writing, and copying then goes to where it led.
    const empty = { kind, path, bytes: Buffer.alloc(0), append: false, ...withMode } as const;
    await this.#take(empty, record);
    await this.#flush();
    const written = this.changes.pop();
    const to = written?.path ?? path;
    await this.#take({ kind: 'copy', path: STAGED_PATH, to, source: state }, { ...record, path: to });
  }

  async #take(edit: FileEdit, record: FileChangeRecord): Promise<void> {
    const bytes = edit.kind === 'write' ? edit.bytes.length : 0;
    if (this.#batch.length >= BATCH_EDITS || this.#batchBytes + bytes > FILE_PART_BYTES) await this.#flush();
    this.#batch.push(edit);
    this.#records.push(record);
    this.#batchBytes += bytes;
  }

  async #flush(): Promise<void> {
    if (this.#batch.length === 0) return;
    const before = this.ref;
    const how = { clockNs: this.#clockNs, bounds: this.#world.birth.limits };
    const { state, changes } = await this.#substrate.editFiles(before, this.#batch, how, this.#wait);
    this.#records.forEach((record, i) => {
      this.changes.push({ ...record, ...changes[i] });
    });
    this.#ref = state;
    if (this.#isOurs) await this.#substrate.discard(before);
    this.#isOurs = true;
    this.#batch = [];
    this.#records = [];
    this.#batchBytes = 0;
  }
}
