import { z } from 'zod';
import { BranchId, ConditionId, ExecutionId, SnapshotId, StateId, VerseId, WorldId } from '../model/ids.js';
import { WorldLimits } from '../model/limits.js';
import { WorldError } from '../model/world-error.js';
import { AccountId, LEDGER_SNAPSHOT_HEADER, Ledger, type LedgerSnapshot } from '../multiverse/index.js';
import {
  DurableRecord,
  IdentityRecord,
  ImageCreated,
  OutcomeRecord,
  WorldBirth,
} from '../ports/journal-record.js';
import { isPlainRow } from './plain-rows.js';
import {
  type Branch,
  type Condition,
  type Snapshot,
  type StateEntry,
  type World,
  WorldModel,
} from './world-model.js';

/**
 * The model as plain data, row by row. A field that is added to the model is added here, as a required one, and
 * `MODEL_SNAPSHOT_VERSION` is raised: checkpoints of another version are passed over and the journal is read instead.
 * Those who archived segments and removed them cannot do that, so a published version is read for as long as that is possible.
 */
export const MODEL_SNAPSHOT_VERSION = 8;

const WorldRow = z.strictObject({
  birth: WorldBirth,
  name: z.string(),
  metadata: z.record(z.string(), z.string()),
  createdAt: z.string(),
  status: z.enum(['running', 'snapshotted', 'stopped', 'collapsed', 'deleted']),
  head: StateId,
  identities: z.array(IdentityRecord).min(1),
  verseId: VerseId,
  childIds: z.array(WorldId),
  openCondition: ConditionId.nullable(),
  outcome: z.strictObject({ conditionId: ConditionId, index: z.int().min(0) }).nullable(),
  report: z.strictObject({ cost: z.string().nullable(), value: z.string().nullable() }).nullable(),
  executions: z.int().min(0),
  heads: z.array(StateId),
  /** Not written by the first programs that wrote checkpoints, which forgot nothing. */
  hasForgotten: z.boolean().default(false),
  seedsDrawn: z.int().min(0),
});
type WorldRow = z.infer<typeof WorldRow>;

const LastRunRow = z.strictObject({ worldId: WorldId, generation: z.int().min(0) });

const Origin = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('boot'), worldId: WorldId }),
  z.strictObject({
    kind: z.literal('files'),
    worldId: WorldId,
    parentState: StateId,
    lastRun: LastRunRow,
  }),
  z.strictObject({
    kind: z.literal('remade'),
    worldId: WorldId,
    parentState: StateId.nullable(),
    lastRun: LastRunRow,
  }),
  z.strictObject({
    kind: z.literal('execution'),
    worldId: WorldId,
    execution: z.strictObject({
      worldId: WorldId,
      executionId: ExecutionId,
      parentState: StateId,
      generation: z.int().min(0),
      language: z.literal('python'),
      code: z.string(),
      clockNs: z.string(),
      balances: z.record(z.string(), z.string()),
      limits: WorldLimits,
      resultDigest: z.string(),
      runMs: z.number(),
    }),
    ledgerKeys: z.array(z.string()).readonly().exactOptional(),
  }),
]);

const StateRow = z.strictObject({
  id: StateId,
  origin: Origin,
  durable: DurableRecord.nullable(),
  root: z.string().nullable(),
});

const SnapshotRow = z.strictObject({
  id: SnapshotId,
  name: z.string(),
  worldId: WorldId,
  state: StateId,
  takenAt: z.string(),
  forkBranchId: BranchId.nullable(),
  forked: z.int().min(0),
});

const ConditionRow = z.strictObject({
  id: ConditionId,
  parentId: WorldId,
  parentVerseId: VerseId,
  outcomes: z.array(OutcomeRecord),
  status: z.enum(['open', 'resolved', 'void']),
});

const BranchRow = z.strictObject({ id: BranchId, parentId: WorldId, childIds: z.array(WorldId) });

const LEDGER_PARTS = ['conditions', 'verses', 'balances', 'escrow', 'loans', 'markets', 'keys'] as const;
type LedgerPart = (typeof LEDGER_PARTS)[number];

/** One line of a snapshot. */
export const Row = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('model'),
    version: z.int(),
    lastAt: z.string().nullable(),
    worldsBorn: z.int().min(0),
  }),
  z.strictObject({ kind: z.literal('world'), world: WorldRow }),
  z.strictObject({ kind: z.literal('state'), state: StateRow }),
  z.strictObject({ kind: z.literal('snapshot'), snapshot: SnapshotRow }),
  z.strictObject({ kind: z.literal('condition'), condition: ConditionRow }),
  z.strictObject({ kind: z.literal('branch'), branch: BranchRow }),
  z.strictObject({ kind: z.literal('image'), image: ImageCreated }),
  z.strictObject({ kind: z.literal('metered'), account: AccountId }),
  /** Some entries of one list of the ledger's own snapshot, which validates them. */
  z.strictObject({ kind: z.literal('ledger'), part: z.enum(LEDGER_PARTS), entries: z.array(z.unknown()) }),
  z.strictObject({ kind: z.literal('end'), rows: z.int() }),
]);
export type Row = z.input<typeof Row>;

/** Entries of the ledger in one line. */
const LEDGER_ENTRIES_PER_ROW = 256;

/** A model that was written down, and the time of its last record. */
export interface RestoredModel {
  readonly model: WorldModel;
  readonly lastAt: string | null;
}

/**
 * Writes the model down as it is at this moment: what can still change is copied now, in one go; turning it into text is
 * left to whoever takes the lines, one by one.
 */
export function snapshotModel(model: WorldModel, lastAt: string | null): Iterable<string> {
  const worlds = [...model.worlds.values()].map(copyOfWorld);
  const states = [...model.states.values()];
  // Of a state only these change; a model has many states.
  const durables = states.map(({ durable }) => durable);
  const roots = states.map(({ root }) => root);
  const snapshots = [...model.snapshots.values()].map((snapshot) => ({ ...snapshot }));
  const conditions = [...model.conditions.values()].map((condition) => ({
    ...condition,
    outcomes: [...condition.outcomes],
  }));
  const branches = [...model.branches.values()].map((branch) => ({
    ...branch,
    childIds: [...branch.childIds],
  }));
  const images = [...model.images.values()];
  const metered = [...model.metered];
  const { worldsBorn } = model;
  const ledger = model.ledger.snapshot();
  return textOf(function* (): Generator<Row> {
    yield { kind: 'model', version: MODEL_SNAPSHOT_VERSION, lastAt, worldsBorn };
    for (const world of worlds) yield { kind: 'world', world };
    for (const [index, { id, origin }] of states.entries()) {
      const [durable, root] = [durables[index] ?? null, roots[index] ?? null];
      yield { kind: 'state', state: { id, origin, durable, root } };
    }
    for (const snapshot of snapshots) yield { kind: 'snapshot', snapshot };
    for (const condition of conditions) yield { kind: 'condition', condition };
    for (const branch of branches) yield { kind: 'branch', branch };
    for (const image of images) yield { kind: 'image', image };
    for (const account of metered) yield { kind: 'metered', account };
    yield* ledgerRows(ledger);
  });
}

/** Field by field: that is several times faster than copying whatever there is, and ten thousand are copied in one go. */
function copyOfWorld(world: World): WorldRow {
  return {
    birth: world.birth,
    name: world.name,
    createdAt: world.createdAt,
    status: world.status,
    head: world.head,
    identities: world.identities.slice(),
    verseId: world.verseId,
    childIds: world.childIds.slice(),
    openCondition: world.openCondition,
    outcome: world.outcome,
    report: world.report,
    executions: world.executions,
    heads: world.heads.slice(),
    seedsDrawn: world.seedsDrawn,
    metadata: world.metadata,
    hasForgotten: world.hasForgotten,
  };
}

function* ledgerRows(ledger: LedgerSnapshot): Generator<Row> {
  for (const part of LEDGER_PARTS) {
    const entries = ledger[part];
    for (let from = 0; from < entries.length; from += LEDGER_ENTRIES_PER_ROW) {
      yield { kind: 'ledger', part, entries: entries.slice(from, from + LEDGER_ENTRIES_PER_ROW) };
    }
  }
}

function* textOf(rows: () => Iterable<Row>): Generator<string> {
  let count = 0;
  for (const row of rows()) {
    count += 1;
    yield JSON.stringify(row);
  }
  yield JSON.stringify({ kind: 'end', rows: count } satisfies Row);
}

/**
 * The model that the lines describe.
 *
 * @throws DATA_DIR_VERSION when they are of another version or not a whole snapshot
 */
export function restoreModel(lines: Iterable<string>): RestoredModel {
  const ledgerParts: Record<LedgerPart, unknown[]> = {
    conditions: [],
    verses: [],
    balances: [],
    escrow: [],
    loans: [],
    markets: [],
    keys: [],
  };
  const worlds: World[] = [];
  const states: StateEntry[] = [];
  const snapshots: Snapshot[] = [];
  const conditions: Condition[] = [];
  const branches: Branch[] = [];
  const images: ImageCreated[] = [];
  const metered: string[] = [];
  let lastAt: string | null = null;
  let worldsBorn = 0;
  let count = 0;
  let ended = false;
  for (const line of lines) {
    const row = rowOf(line);
    if (ended || (count === 0) !== (row.kind === 'model')) throw notASnapshot('its lines are not in order');
    if (row.kind === 'model') {
      if (row.version !== MODEL_SNAPSHOT_VERSION) throw notASnapshot(`it has version ${row.version}`);
      ({ lastAt, worldsBorn } = row);
    } else if (row.kind === 'world') worlds.push({ ...row.world, id: row.world.birth.worldId });
    else if (row.kind === 'state') states.push(row.state);
    else if (row.kind === 'snapshot') snapshots.push(row.snapshot);
    else if (row.kind === 'condition') conditions.push(row.condition);
    else if (row.kind === 'branch') branches.push(row.branch);
    else if (row.kind === 'image') images.push(row.image);
    else if (row.kind === 'metered') metered.push(row.account);
    else if (row.kind === 'ledger') ledgerParts[row.part].push(...row.entries);
    else if (row.rows === count) ended = true;
    else throw notASnapshot(`it has ${count} rows of ${row.rows}`);
    count += 1;
  }
  if (!ended) throw notASnapshot('its end is missing');
  const ledger = Ledger.restore({ ...LEDGER_SNAPSHOT_HEADER, ...ledgerParts });
  const model = modelOf({ worlds, states, snapshots, conditions, branches, images, ledger });
  model.worldsBorn = worldsBorn;
  for (const account of metered) model.metered.add(account);
  return { model, lastAt };
}

function modelOf(parts: {
  worlds: readonly World[];
  states: readonly StateEntry[];
  snapshots: readonly Snapshot[];
  conditions: readonly Condition[];
  branches: readonly Branch[];
  images: readonly ImageCreated[];
  ledger: Ledger;
}): WorldModel {
  const model = new WorldModel(parts.ledger);
  for (const world of parts.worlds) {
    model.worlds.set(world.id, world);
    if (world.status === 'running' || world.status === 'snapshotted')
      model.worldsByName.set(world.name, world);
  }
  for (const image of parts.images) model.images.set(image.name, image);
  for (const state of parts.states) model.states.set(state.id, state);
  for (const snapshot of parts.snapshots) {
    model.snapshots.set(snapshot.id, snapshot);
    model.snapshotsByName.set(snapshot.name, snapshot);
  }
  for (const condition of parts.conditions) model.conditions.set(condition.id, condition);
  for (const branch of parts.branches) model.branches.set(branch.id, branch);
  return model;
}

function rowOf(line: string): z.output<typeof Row> {
  const json: unknown = JSON.parse(line);
  if (isPlainRow(json)) return json as z.output<typeof Row>;
  const parsed = Row.safeParse(json);
  if (parsed.success) return parsed.data;
  throw notASnapshot(z.prettifyError(parsed.error));
}

function notASnapshot(reason: string): WorldError {
  return new WorldError('DATA_DIR_VERSION', `A checkpoint cannot be read by this version: ${reason}.`, {
    details: { reason, supported: MODEL_SNAPSHOT_VERSION },
  });
}
