import type { ExecutionId, StateId, WorldId } from '../model/ids.js';
import type { IdentityRecord, JournalRecord, RecordOf, WorldBirth } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import type { PastWorld } from './materialise-state.js';
import { requireUninterrupted } from './require-uninterrupted.js';
import type { RuntimeContext } from './runtime-context.js';
import { parentStateOf, replayable, type StateEntry } from './state-origin.js';
import type { World, WorldModel } from './world-model.js';

/** How a state came to be. */
export interface PastState {
  readonly id: StateId;
  readonly kind: 'boot' | 'execution' | 'files';
  /** The world in which it was made. */
  readonly worldId: WorldId;
  /** Null when it was booted. */
  readonly parentState: StateId | null;
  readonly executionId: ExecutionId | null;
  /** Number of the entry that made it; null as long as the state is known. */
  readonly seq: number | null;
}

/** Everything that led to where a world has been, also what retention gave up. */
export interface Past {
  readonly states: ReadonlyMap<StateId, PastState>;
  /** Where the world has been. */
  readonly heads: readonly StateId[];
  /** Also one that is forgotten. */
  worldOf(id: WorldId): PastWorld;
}

/** Entries between two words of progress. */
const SAID_EVERY = 1000;

/** The past of a world of which nothing was forgotten; null when something was. */
export function knownPast(model: WorldModel, world: World): Past | null {
  if (world.hasForgotten) return null;
  const states = new Map<StateId, PastState>();
  for (const head of [world.birth.state, ...world.heads]) {
    for (let id: StateId | null = head; id !== null && !states.has(id); ) {
      const entry = model.states.get(id);
      if (!entry || entry.origin.kind === 'remade') return null;
      const made = fromEntry(entry, entry.origin.kind);
      states.set(id, made);
      id = made.parentState;
    }
  }
  return { states, heads: [world.birth.state, ...world.heads], worldOf: (id) => model.world(id) };
}

function fromEntry(entry: StateEntry, kind: PastState['kind']): PastState {
  const { origin } = entry;
  const executionId = origin.kind === 'execution' ? origin.execution.executionId : null;
  return {
    id: entry.id,
    kind,
    worldId: origin.worldId,
    parentState: parentStateOf(entry),
    executionId,
    seq: null,
  };
}

/**
 * Reads the whole journal, archived segments included, for how every state came to be.
 *
 * @throws JOURNAL_INCOMPLETE when an archived segment is not there; JOURNAL_CORRUPT, STORAGE_FAILED, INTERRUPTED
 */
export async function readPast(
  context: RuntimeContext,
  world: World,
  { wait, onRead }: { readonly wait: Wait; readonly onRead?: (done: number, total: number) => void },
): Promise<Past> {
  const past = new JournalPast(context.model, world.id);
  const { journal } = context.parts;
  const total = journal.lastSeq;
  await journal.settled();
  for await (const { seq, record } of journal.read()) {
    requireUninterrupted(wait, 'Reading the journal');
    past.read(record, seq);
    if (seq % SAID_EVERY === 0) onRead?.(seq, total);
  }
  return past;
}

/**
 * The executions that made `wanted`, in that order, as replay takes them, with the roots that are known.
 *
 * @throws as readPast
 */
export async function readExecutions(
  context: RuntimeContext,
  wanted: readonly PastState[],
): Promise<StateEntry[]> {
  const entries = new Map<StateId, StateEntry | null>(wanted.map(({ id }) => [id, null]));
  const first = wanted.reduce((least, { seq }) => Math.min(least, seq ?? least), Number.POSITIVE_INFINITY);
  if (wanted.length === 0) return [];
  for await (const { record } of context.parts.journal.read(first)) {
    if (record.op === 'world.executed' && record.state !== null && entries.has(record.state)) {
      entries.set(record.state, entryOf(record, record.state));
    } else if (record.op === 'state.rooted') {
      const entry = entries.get(record.state);
      if (entry) entry.root = record.root;
    }
  }
  return [...entries.values()].filter((entry) => entry !== null);
}

function entryOf(record: RecordOf<'world.executed'>, id: StateId): StateEntry {
  const { worldId } = record;
  return {
    id,
    origin: { kind: 'execution', worldId, execution: replayable(record) },
    durable: null,
    root: null,
  };
}

class JournalPast implements Past {
  readonly states = new Map<StateId, PastState>();
  readonly heads: StateId[] = [];
  readonly #model: WorldModel;
  readonly #worldId: WorldId;
  readonly #forgotten = new Map<WorldId, { birth: WorldBirth; identities: IdentityRecord[] }>();

  constructor(model: WorldModel, worldId: WorldId) {
    this.#model = model;
    this.#worldId = worldId;
  }

  worldOf(id: WorldId): PastWorld {
    const forgotten = this.#forgotten.get(id);
    if (!forgotten) return this.#model.world(id);
    return { id, name: forgotten.birth.name, ...forgotten };
  }

  read(record: JournalRecord, seq: number): void {
    switch (record.op) {
      case 'world.created':
      case 'world.replayed':
        this.#born(record.world, seq);
        break;
      case 'world.branched':
      case 'world.pushed-down':
        for (const child of record.children) this.#born(child, seq);
        break;
      case 'world.executed': {
        const { state: id, worldId, parentState, executionId } = record;
        if (id !== null) this.#made({ id, kind: 'execution', worldId, parentState, executionId, seq });
        break;
      }
      case 'world.files-edited': {
        const { state: id, worldId, parentState } = record;
        this.#made({ id, kind: 'files', worldId, parentState, executionId: null, seq });
        break;
      }
      case 'world.pulled-up':
        this.#forgotten.get(record.parentId)?.identities.push(record.identity);
        if (record.parentId === this.#worldId) this.heads.push(record.state);
        break;
      default:
        break;
    }
  }

  #born(birth: WorldBirth, seq: number): void {
    const { worldId, state: id } = birth;
    if (worldId === this.#worldId) this.heads.push(id);
    if (!this.#model.worlds.has(worldId)) {
      this.#forgotten.set(worldId, { birth, identities: [birth.identity] });
    }
    if (this.states.has(id)) return;
    this.#made({ id, kind: 'boot', worldId, parentState: null, executionId: null, seq });
  }

  #made(made: PastState): void {
    this.states.set(made.id, made);
    if (made.worldId === this.#worldId) this.heads.push(made.id);
  }
}
