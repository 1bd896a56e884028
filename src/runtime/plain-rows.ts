import { ID_PREFIXES, type IdKind } from '../model/ids.js';
import { WorldLimits } from '../model/limits.js';
import { SUBSTRATE_NAMES } from '../ports/state-ref.js';

/**
 * Whether a row of a checkpoint is one of the usual kind and right in every field, asked in a tenth of the time that the
 * schemas take: a directory of ten thousand worlds has some thirty thousand rows, and they are read at every opening.
 * A yes means that the schema would answer the row as it is. A no means nothing: then the schema is asked.
 */
type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isFlag: Check = (value) => typeof value === 'boolean';
const isNumber: Check = Number.isFinite;
const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const matches =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const idOf = (kind: IdKind): Check => matches(new RegExp(`^${ID_PREFIXES[kind]}[0-9A-HJKMNP-TV-Z]{26}$`));
const oneOf = (...values: readonly unknown[]): Check => {
  const known = new Set(values);
  return (value) => known.has(value);
};
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check, lengthMin = 0): Check =>
  (value) =>
    Array.isArray(value) && value.length >= lengthMin && value.every(check);
const recordOf =
  (check: Check): Check =>
  (value) => {
    if (!isPlain(value)) return false;
    for (const key in value) if (key === '__proto__' || !check(value[key])) return false;
    return true;
  };

/** All of these fields and no other ones. */
function fields(shape: Readonly<Record<string, Check>>): Check {
  const checks = new Map(Object.entries(shape));
  return (value) => {
    if (!isPlain(value)) return false;
    let count = 0;
    for (const key in value) {
      if (checks.get(key)?.(value[key]) !== true) return false;
      count += 1;
    }
    return count === checks.size;
  };
}

function within({ minValue, maxValue }: { minValue: number | null; maxValue: number | null }): Check {
  const [min, max] = [minValue ?? Number.NaN, maxValue ?? Number.NaN];
  return (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}

const worldId = idOf('world');
const stateId = idOf('state');
const verseId = matches(/^vrs_[0-9a-f]{32}$/);
const isSubstrate = oneOf(...SUBSTRATE_NAMES);
const isLimits = fields(
  Object.fromEntries(
    Object.entries(WorldLimits.shape).map(([name, limit]) => [name, within(limit.unwrap())]),
  ),
);
const isIdentity = fields({
  generation: isCount,
  verse: isText,
  trit: oneOf(-1, 0, 1),
  probability: isText,
  seed: matches(/^(0|[1-9]\d{0,19})$/),
  commonRandomNumbers: isFlag,
});

/** A world without an image or a retention of its own. */
const isBirth = fields({
  worldId,
  name: isText,
  entityType: oneOf('sandbox', 'verse', 'microvm'),
  substrate: isSubstrate,
  limits: isLimits,
  identity: isIdentity,
  parentId: orNull(worldId),
  snapshotId: orNull(idOf('snapshot')),
  state: stateId,
  baseDigest: isText,
  verseId,
  account: isText,
  metadata: recordOf(isText),
});

const isPlainWorldRow = fields({
  kind: oneOf('world'),
  world: fields({
    birth: isBirth,
    name: isText,
    metadata: recordOf(isText),
    createdAt: isText,
    status: oneOf('running', 'snapshotted', 'stopped', 'collapsed', 'deleted'),
    head: stateId,
    identities: listOf(isIdentity, 1),
    verseId,
    childIds: listOf(worldId),
    openCondition: orNull(idOf('condition')),
    outcome: orNull(fields({ conditionId: idOf('condition'), index: isCount })),
    report: orNull(fields({ cost: orNull(isText), value: orNull(isText) })),
    executions: isCount,
    heads: listOf(stateId),
    hasForgotten: isFlag,
    seedsDrawn: isCount,
  }),
});

const isBoot = fields({ kind: oneOf('boot'), worldId });
const isExecution = fields({
  kind: oneOf('execution'),
  worldId,
  execution: fields({
    worldId,
    executionId: idOf('execution'),
    parentState: stateId,
    generation: isCount,
    language: oneOf('python'),
    code: isText,
    clockNs: isText,
    balances: recordOf(isText),
    limits: isLimits,
    resultDigest: isText,
    runMs: isNumber,
  }),
});

const isPlainStateRow = fields({
  kind: oneOf('state'),
  state: fields({
    id: stateId,
    origin: (origin) => isExecution(origin) || isBoot(origin),
    durable: orNull(fields({ substrate: isSubstrate, data: recordOf(() => true) })),
    root: orNull(isText),
  }),
});

const isPlainSnapshotRow = fields({
  kind: oneOf('snapshot'),
  snapshot: fields({
    id: idOf('snapshot'),
    name: isText,
    worldId,
    state: stateId,
    takenAt: isText,
    forkBranchId: orNull(idOf('branch')),
    forked: isCount,
  }),
});

/** Whether a row is a world, a state or a snapshot, and as the schema would have it. */
export function isPlainRow(row: unknown): boolean {
  if (!isPlain(row)) return false;
  switch (row['kind']) {
    case 'world':
      return isPlainWorldRow(row);
    case 'state':
      return isPlainStateRow(row);
    case 'snapshot':
      return isPlainSnapshotRow(row);
    default:
      return false;
  }
}
