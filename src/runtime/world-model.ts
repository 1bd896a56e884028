import { strict as assert } from 'node:assert';
import type { BranchId, ConditionId, SnapshotId, StateId, WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { COMPUTE_TOKEN, Ledger, type LedgerOp } from '../multiverse/index.js';
import type { JournalRecord, RecordOf, WorldBirth } from '../ports/journal-record.js';
import type { BranchIdentity } from '../ports/substrate.js';
import { forgetStates } from './forget-states.js';
import { forgetWorlds } from './forget-worlds.js';
import { identityFrom } from './identity-from.js';
import { renameIn } from './rename-in.js';
import { keysOf, type LastRun, remadeEntry, replayable, type StateEntry } from './state-origin.js';
import type { Branch, Condition, Snapshot, World } from './world-types.js';

export {
  type LastRun,
  parentStateOf,
  type ReplayableExecution,
  type StateEntry,
  type StateOrigin,
} from './state-origin.js';
export {
  type Branch,
  type Condition,
  isLive,
  type Report,
  type Snapshot,
  type World,
  type WorldStatus,
} from './world-types.js';

/**
 * The runtime's memory: worlds, states, snapshots, conditions and the ledger, rebuilt by applying the
 * journal's records in order. `apply` is the only way in, at run time as at start, but for a checkpoint.
 * Every public field must be in model-snapshot.ts, or follow from what is there.
 */
export class WorldModel {
  readonly worlds = new Map<WorldId, World>();
  readonly states = new Map<StateId, StateEntry>();
  readonly snapshots = new Map<SnapshotId, Snapshot>();
  readonly conditions = new Map<ConditionId, Condition>();
  readonly branches = new Map<BranchId, Branch>();
  readonly ledger: Ledger;
  /** Base images by name. */
  readonly images = new Map<string, RecordOf<'image.created'>>();
  /** Accounts that were ever given COMPUTE: executions on their behalf are paid for. */
  readonly metered = new Set<string>();
  /** Live worlds by name: a collapsed or deleted world gives its name back. */
  readonly worldsByName = new Map<string, World>();
  readonly snapshotsByName = new Map<string, Snapshot>();
  /** Worlds ever made, those that are forgotten included. */
  worldsBorn = 0;

  /** `ledger`: one that was written down; the tables are filled by whoever wrote them down (model-snapshot.ts). */
  constructor(ledger = new Ledger()) {
    this.ledger = ledger;
  }

  apply(record: JournalRecord): void {
    switch (record.op) {
      case 'world.created':
        this.#created(record);
        break;
      case 'world.executed':
        this.#executed(record);
        break;
      case 'execution.failed':
        this.#applyLedger(record.ledger ?? []);
        break;
      case 'state.rooted':
        this.#rooted(record.state, record.root);
        break;
      case 'snapshot.taken':
        this.#snapshotTaken(record);
        break;
      case 'state.persisted':
        this.state(record.state).durable = record.durable;
        break;
      case 'states.forgotten':
        forgetStates(this, record.states);
        break;
      case 'worlds.forgotten':
        forgetWorlds(this, record.worlds);
        break;
      case 'world.branched':
        for (const child of record.children) this.#addWorld(child, record.at, null);
        this.#branch(record.branchId, record.parentId, record.children);
        break;
      case 'world.replayed':
        this.#replayed(record);
        break;
      case 'world.pushed-down':
        this.#pushedDown(record);
        break;
      case 'world.pulled-up':
        this.#pulledUp(record);
        break;
      case 'world.voided':
        this.#voided(record);
        break;
      case 'world.rewound':
        this.#moveHead(this.world(record.worldId), record.to);
        break;
      case 'world.files-edited':
        this.#filesEdited(record);
        break;
      case 'world.renamed':
        renameIn(this.worldsByName, this.world(record.worldId), record.name);
        break;
      case 'world.tagged':
        this.world(record.worldId).metadata = record.metadata;
        break;
      case 'snapshot.renamed':
        renameIn(this.snapshotsByName, this.snapshot(record.snapshotId), record.name);
        break;
      case 'snapshot.removed':
        this.#snapshotRemoved(this.snapshot(record.snapshotId));
        break;
      case 'world.deleted':
        this.#end(this.world(record.worldId), 'deleted');
        break;
      case 'image.created':
        this.images.set(record.name, record);
        break;
      case 'image.removed':
        this.images.delete(record.name);
        break;
      case 'ledger.applied':
        this.#applyLedger(record.ledger);
        break;
      default:
        record satisfies never;
    }
  }

  world(id: WorldId): World {
    const world = this.worlds.get(id);
    if (!world)
      throw new WorldError('WORLD_NOT_FOUND', `There is no world ${id}.`, { details: { world: id } });
    return world;
  }

  state(id: StateId): StateEntry {
    const state = this.states.get(id);
    if (!state)
      throw new WorldError('STATE_NOT_FOUND', `There is no state ${id}, or retention gave it up.`, {
        details: { state: id },
      });
    return state;
  }

  /** As whom code ran last on the way to a state; for a booted one, as whom it will run first. */
  lastRun(id: StateId): LastRun {
    const { origin } = this.state(id);
    // Kept with the state, since its parent may be forgotten.
    if (origin.kind === 'files' || origin.kind === 'remade') return origin.lastRun;
    return origin.kind === 'execution' ? origin.execution : { worldId: origin.worldId, generation: 0 };
  }

  snapshot(id: SnapshotId): Snapshot {
    const snapshot = this.snapshots.get(id);
    assert(snapshot, `snapshot ${id} is known`);
    return snapshot;
  }

  condition(id: ConditionId): Condition {
    const condition = this.conditions.get(id);
    if (!condition) {
      throw new WorldError('CONDITION_NOT_FOUND', `There is no condition ${id}.`, {
        details: { condition: id },
      });
    }
    return condition;
  }

  /** The identity under which `world` ran in `generation` (default: the present one). */
  identity(world: World, generation = world.identities.length - 1): BranchIdentity {
    const record = world.identities[generation];
    assert(record, `world ${world.id} has no generation ${generation}`);
    return identityFrom(world.birth, record);
  }

  /** All worlds below `world`, children before grandchildren. */
  descendants(world: World): World[] {
    const found: World[] = [];
    for (const id of world.childIds) found.push(this.world(id));
    // Grows while it is walked. Neither shifted nor spread, since a world may have 100,000 children.
    for (const child of found) for (const id of child.childIds) found.push(this.world(id));
    return found;
  }

  #created(record: RecordOf<'world.created'>): void {
    this.#addWorld(record.world, record.at, null);
    const { snapshotId } = record.world;
    if (snapshotId === null) return;
    const snapshot = this.snapshot(snapshotId);
    assert(record.fork, 'a world from a snapshot names its fork');
    snapshot.forkBranchId = record.fork.branchId;
    this.#branch(record.fork.branchId, record.fork.parentId, [record.world]);
    snapshot.forked += 1;
    // A detached world is no child, but its seed came from the source's chain all the same.
    if (record.world.parentId === null) this.world(record.fork.parentId).seedsDrawn += 1;
  }

  #addWorld(birth: WorldBirth, at: string, outcome: World['outcome']): void {
    const world: World = {
      birth,
      id: birth.worldId,
      name: birth.name,
      metadata: birth.metadata,
      createdAt: at,
      status: 'running',
      head: birth.state,
      identities: [birth.identity],
      verseId: birth.verseId,
      childIds: [],
      openCondition: null,
      outcome,
      report: null,
      executions: 0,
      hasForgotten: false,
      heads: [birth.state],
      seedsDrawn: 0,
    };
    assert(!this.worlds.has(world.id), `world ${world.id} is born once`);
    this.worlds.set(world.id, world);
    this.worldsBorn += 1;
    this.worldsByName.set(world.name, world);
    if (!this.states.has(birth.state)) {
      this.states.set(birth.state, {
        id: birth.state,
        origin: { kind: 'boot', worldId: world.id },
        durable: null,
        root: null,
      });
    }
    if (birth.parentId !== null) {
      const parent = this.world(birth.parentId);
      parent.childIds.push(world.id);
      parent.seedsDrawn += 1;
    }
  }

  #executed(record: RecordOf<'world.executed'>): void {
    const world = this.world(record.worldId);
    world.executions += 1;
    if (record.state === null) return;
    this.states.set(record.state, {
      id: record.state,
      origin: {
        kind: 'execution',
        worldId: world.id,
        execution: replayable(record),
        ...keysOf(record.ledger),
      },
      durable: null,
      root: null,
    });
    this.#moveHead(world, record.state, true);
    for (const effect of record.effects) {
      if (effect.kind === 'report') {
        world.report = { cost: effect.cost ?? null, value: effect.value ?? null };
      }
    }
    this.#applyLedger(record.ledger);
  }

  /** It may have been forgotten meanwhile. */
  #rooted(id: StateId, root: string): void {
    const state = this.states.get(id);
    if (state) state.root = root;
  }

  #filesEdited(record: RecordOf<'world.files-edited'>): void {
    const world = this.world(record.worldId);
    const { worldId, generation } = this.lastRun(record.parentState);
    this.states.set(record.state, {
      id: record.state,
      origin: {
        kind: 'files',
        worldId: world.id,
        parentState: record.parentState,
        lastRun: { worldId, generation },
      },
      durable: record.durable,
      root: null,
    });
    this.#moveHead(world, record.state);
  }

  #replayed({ world, sourceId, branchId, remade, at }: RecordOf<'world.replayed'>): void {
    // Another replay may have made it again first.
    const known = this.states.get(world.state);
    if (remade && known) known.durable = remade.durable;
    else if (remade) this.states.set(world.state, remadeEntry(world.state, sourceId, remade));
    this.#addWorld(world, at, null);
    this.#branch(branchId, sourceId, [world]);
  }

  #snapshotTaken(record: RecordOf<'snapshot.taken'>): void {
    this.state(record.state).durable = record.durable;
    const snapshot: Snapshot = {
      id: record.snapshotId,
      name: record.name,
      worldId: record.worldId,
      state: record.state,
      takenAt: record.at,
      forkBranchId: null,
      forked: 0,
    };
    this.snapshots.set(snapshot.id, snapshot);
    this.snapshotsByName.set(snapshot.name, snapshot);
  }

  #snapshotRemoved({ id, name }: Snapshot): void {
    this.snapshots.delete(id);
    this.snapshotsByName.delete(name);
  }

  #pushedDown(record: RecordOf<'world.pushed-down'>): void {
    this.#applyLedger(record.ledger);
    this.conditions.set(record.conditionId, {
      id: record.conditionId,
      parentId: record.parentId,
      parentVerseId: record.parentVerseId,
      outcomes: record.outcomes,
      status: 'open',
    });
    record.children.forEach((child, index) => {
      this.#addWorld(child, record.at, { conditionId: record.conditionId, index });
    });
    this.#branch(record.branchId, record.parentId, record.children);
    const parent = this.world(record.parentId);
    parent.status = 'snapshotted';
    parent.openCondition = record.conditionId;
  }

  #pulledUp(record: RecordOf<'world.pulled-up'>): void {
    const parent = this.world(record.parentId);
    const winner = this.world(record.winnerId);
    const condition = this.condition(record.conditionId);
    this.#applyLedger(record.ledger);
    for (const id of record.collapsed) this.#end(this.world(id), 'collapsed');
    this.#end(winner, 'stopped');
    // Other worlds of the surviving verse live on where its balances went: in the parent's verse.
    for (const id of record.rehomed) this.world(id).verseId = condition.parentVerseId;
    condition.status = 'resolved';
    parent.status = 'running';
    parent.openCondition = null;
    parent.identities.push(record.identity);
    parent.seedsDrawn += 1;
    this.#moveHead(parent, record.state);
  }

  #voided(record: RecordOf<'world.voided'>): void {
    const parent = this.world(record.parentId);
    this.#applyLedger(record.ledger);
    for (const id of record.collapsed) this.#end(this.world(id), 'collapsed');
    this.condition(record.conditionId).status = 'void';
    parent.status = 'running';
    parent.openCondition = null;
  }

  #branch(id: BranchId, parentId: WorldId, children: readonly WorldBirth[]): void {
    const ids = children.map(({ worldId }) => worldId);
    const before = this.branches.get(id);
    if (before) before.childIds.push(...ids);
    else this.branches.set(id, { id, parentId, childIds: ids });
  }

  #moveHead(world: World, state: StateId, isNew = false): void {
    // A state that only this execution made cannot be in the list; any other moves to its end.
    const before = isNew ? -1 : world.heads.lastIndexOf(state);
    if (before >= 0) world.heads.splice(before, 1);
    world.head = state;
    world.heads.push(state);
  }

  #end(world: World, status: 'stopped' | 'collapsed' | 'deleted'): void {
    if (world.status === 'deleted') return;
    world.status = status;
    world.openCondition = null;
    if (this.worldsByName.get(world.name) === world) this.worldsByName.delete(world.name);
  }

  #applyLedger(ops: readonly LedgerOp[]): void {
    if (ops.length === 0) return;
    this.ledger.applyAll(ops);
    for (const op of ops) {
      if (op.kind === 'deposit' && op.token === COMPUTE_TOKEN) this.metered.add(op.owner);
    }
  }
}
