import type { JournalRecord } from '../../src/ports/journal-record.js';
import { branch } from '../../src/runtime/branch.js';
import { createWorld } from '../../src/runtime/create-world.js';
import { deleteWorld } from '../../src/runtime/delete-world.js';
import { editFiles } from '../../src/runtime/edit-files.js';
import { execute } from '../../src/runtime/execute.js';
import { createImage, removeImage } from '../../src/runtime/images.js';
import { deposit, transfer, withdraw } from '../../src/runtime/move-money.js';
import { pullUp } from '../../src/runtime/pull-up.js';
import { pushDown } from '../../src/runtime/push-down.js';
import { removeSnapshot } from '../../src/runtime/remove-snapshot.js';
import { renameSnapshot, renameWorld } from '../../src/runtime/rename.js';
import { replayWorld } from '../../src/runtime/replay-world.js';
import { findSnapshot } from '../../src/runtime/resolve-reference.js';
import { rewind } from '../../src/runtime/rewind.js';
import { snapshotWorld } from '../../src/runtime/snapshot-world.js';
import { tagWorld } from '../../src/runtime/tag-world.js';
import { voidPushDown } from '../../src/runtime/void-push-down.js';
import type { Snapshot, World } from '../../src/runtime/world-model.js';
import type { TestRuntime } from '../support/test-runtime.js';
import { type Random, weighted } from './random.js';

/** A verb that was asked for. `tag` is in what it makes, so that its record can be told from all others. */
export interface Asked {
  readonly verb: string;
  readonly tag: string;
  /** The record it answered, when it answers one. */
  readonly answer: Promise<JournalRecord | undefined>;
}

interface Asking {
  readonly t: TestRuntime;
  readonly random: Random;
  readonly tag: string;
  readonly signal: AbortSignal;
}

type Verb = (asking: Asking, world: World) => Promise<JournalRecord | undefined>;

const LIVE_WORLDS_MAX = 24;

/** Verbs with how often they are asked for. */
const VERBS: readonly (readonly [name: string, weight: number, verb: Verb])[] = [
  ['create', 2, createSome],
  ['create-from', 2, createFrom],
  ['execute', 16, (asking, world) => execute(asking.t.context, { world, ...program(asking) }, asking)],
  ['snapshot', 3, ({ t, tag, signal }, world) => snapshotWorld(t.context, world, tag, { signal })],
  ['branch', 3, branchSome],
  ['push-down', 4, pushDownSome],
  ['pull-up', 4, pullUpSome],
  ['void', 3, ({ t, signal }, world) => voidPushDown(t.context, world, { signal })],
  ['rewind', 3, rewindSome],
  ['spend-and-rewind', 2, spendAndRewind],
  ['replay', 2, replaySome],
  ['delete', 1, ({ t, signal }, world) => nothing(deleteWorld(t.context, world, { signal }))],
  ['deposit', 5, depositSome],
  ['withdraw', 2, withdrawSome],
  ['transfer', 3, transferSome],
  ['rename', 2, renameSome],
  ['tag', 2, tagSome],
  ['rename-snapshot', 2, renameSomeSnapshot],
  ['remove-snapshot', 2, removeSomeSnapshot],
  ['edit-files', 4, editSomeFiles],
  ['create-image', 2, createSomeImage],
  ['remove-image', 2, removeSomeImage],
  ['gc', 4, ({ t, signal }) => nothing(t.context.upkeep.collect({}, { signal }))],
];

export const VERB_NAMES = VERBS.map(([name]) => name);

/** Asks for a verb, likely one that can succeed, of some world. */
export function askSomething(asking: Asking): Asked {
  const { t, random, tag } = asking;
  const worlds = [...t.context.model.worlds.values()];
  const live = worlds.filter(({ status }) => status === 'running' || status === 'snapshotted');
  if (worlds.length === 0) return ask('create', asking, undefined);
  const world = live.length > 0 && !random.onceIn(12) ? random.pick(live) : random.pick(worlds);
  const frozen = world.status === 'snapshotted';
  if (live.length > LIVE_WORLDS_MAX) return ask(frozen ? 'pull-up' : 'delete', { ...asking, tag }, world);
  if (frozen && random.onceIn(3)) return ask(random.onceIn(3) ? 'void' : 'pull-up', asking, world);
  return ask(weighted(random, VERBS)[0], asking, world);
}

function ask(name: string, asking: Asking, world: World | undefined): Asked {
  const [, , verb] = VERBS.find(([one]) => one === name)!;
  return { verb: name, tag: asking.tag, answer: verb(asking, world as World) };
}

async function nothing(work: Promise<unknown>): Promise<undefined> {
  await work;
}

async function createSome({ t, random, tag, signal }: Asking): Promise<undefined> {
  const image = random.onceIn(2) ? anImage(random) : undefined;
  await createWorld(t.context, { name: tag, ...(image === undefined ? {} : { image }) }, { signal });
}

/** A name of few, so that what is asked for is there, taken or in use by turns. */
function anImage(random: Random): string {
  return `image-${random.below(4)}`;
}

async function createSomeImage({ t, random, signal }: Asking): Promise<undefined> {
  const name = anImage(random);
  // Some have the same content under another name.
  const preamble = `# ${random.below(3)}`;
  await createImage(
    t.context,
    { name, preamble, wheels: [], packages: [], packageDir: null },
    { wait: { signal } },
  );
}

async function removeSomeImage({ t, random }: Asking): Promise<undefined> {
  const names = [...t.context.model.images.keys()];
  await removeImage(t.context, names.length === 0 || random.onceIn(4) ? anImage(random) : random.pick(names));
}

async function renameSome({ t, random, tag, signal }: Asking, world: World): Promise<undefined> {
  const taken = random.pick([...t.context.model.worlds.values()]).name;
  await renameWorld(t.context, world, random.onceIn(3) ? taken : `named-${tag}`, { signal });
}

async function tagSome({ t, random, tag, signal }: Asking, world: World): Promise<undefined> {
  const change = random.pick([
    { set: { note: tag }, remove: [] },
    { set: { note: `${tag} too` }, remove: [] },
    { set: {}, remove: ['note'] },
    // What a world was made as cannot be changed.
    { set: { trit: '1' }, remove: [] },
  ]);
  await tagWorld(t.context, world, change, { signal });
}

/** In the order in which they were taken: that of the index by name differs between one who was renamed and one restored. */
function snapshotNames({ context }: TestRuntime): string[] {
  return [...context.model.snapshots.values()].map(({ name }) => name);
}

/** Any snapshot; now and then one that is not there. */
function aSnapshot({ t, random }: Asking): Snapshot {
  const names = snapshotNames(t);
  return findSnapshot(t.context.model, names.length === 0 || random.onceIn(5) ? 'none' : random.pick(names));
}

async function renameSomeSnapshot(asking: Asking): Promise<undefined> {
  const { t, random, tag, signal } = asking;
  const snapshot = aSnapshot(asking);
  const taken = random.pick([...t.context.model.snapshots.values()]).name;
  await renameSnapshot(t.context, snapshot, random.onceIn(3) ? taken : `named-${tag}`, { signal });
}

async function removeSomeSnapshot(asking: Asking): Promise<JournalRecord> {
  return removeSnapshot(asking.t.context, aSnapshot(asking), asking);
}

function editSomeFiles({ t, random, signal }: Asking, world: World): Promise<JournalRecord> {
  const path = `/f${random.below(4)}`;
  const content = Buffer.alloc(random.below(5000), 'x');
  const edit = random.onceIn(3)
    ? ({ kind: 'remove', path, recursive: false } as const)
    : ({ kind: 'write', path, content } as const);
  return editFiles(t.context, { world, edits: [edit] }, { signal });
}

async function createFrom({ t, random, tag, signal }: Asking): Promise<undefined> {
  const names = snapshotNames(t);
  const snapshot = names.length === 0 ? 'none' : random.pick(names);
  await createWorld(t.context, { name: tag, snapshot, detached: random.onceIn(3) }, { signal });
}

function branchSome({ t, random, tag, signal }: Asking, world: World): Promise<JournalRecord> {
  const children = Array.from({ length: 1 + random.below(3) }, (_, index) => ({ name: `${tag}-${index}` }));
  const request = { children, commonRandomNumbers: random.onceIn(2) };
  return branch(t.context, world, request, { signal });
}

function pushDownSome({ t, random, tag, signal }: Asking, world: World): Promise<JournalRecord> {
  const shares = random.pick([
    ['0.45', '0.35', '0.2'],
    ['0.5', '0.5'],
    ['0.1', '0.2', '0.3', '0.4'],
  ]);
  const outcomes = shares.map((probability, index) => ({ name: `${tag}-${index}`, probability }));
  return pushDown(t.context, world, { outcomes }, { signal });
}

function pullUpSome({ t, random, signal }: Asking, world: World): Promise<JournalRecord> {
  const open = world.openCondition && t.context.model.condition(world.openCondition);
  if (!open || random.onceIn(4)) return pullUp(t.context, world, { oracle: 'least-cost' }, { signal });
  const outcome = random.pick(open.outcomes).name;
  return pullUp(t.context, world, { oracle: 'manual', outcome }, { signal });
}

function rewindSome({ t, random, signal }: Asking, world: World): Promise<JournalRecord> {
  const request = random.onceIn(2)
    ? { steps: 1 + random.below(3) }
    : { to: random.pick([...world.heads, world.head]) };
  return rewind(t.context, world, request, { signal });
}

/** To a moment that retention may have given up. */
function replaySome({ t, random, tag, signal }: Asking, world: World): Promise<undefined> {
  const to = String(random.below(1 + Math.min(world.executions, 8)));
  return nothing(replayWorld(t.context, world, { to, name: tag }, { signal }));
}

async function depositSome({ t, random, signal }: Asking, world: World): Promise<undefined> {
  await deposit(t.context, world, { token: 'GOLD', amount: String(1 + random.below(1000)) }, { signal });
}

/** The world, or one that has something; an amount that is often less than that. */
function moneyOf({ t, random }: Asking, asked: World): { world: World; token: string; amount: string } {
  const heldBy = ({ verseId, birth }: World): bigint =>
    t.context.model.ledger.balance(verseId, birth.account, 'GOLD');
  const rich = [...t.context.model.worlds.values()].filter(
    (one) => one.status === 'running' && heldBy(one) > 0n,
  );
  const world = rich.length === 0 || random.onceIn(3) ? asked : random.pick(rich);
  const most = random.onceIn(4) ? 1000 : Math.max(1, Number(heldBy(world)));
  return { world, token: 'GOLD', amount: String(1 + random.below(most)) };
}

async function withdrawSome(asking: Asking, asked: World): Promise<undefined> {
  const { world, ...money } = moneyOf(asking, asked);
  await withdraw(asking.t.context, world, money, asking);
}

/** To whoever is in the same verse, or to anybody, which may be refused. */
async function transferSome(asking: Asking, asked: World): Promise<undefined> {
  const { t, random } = asking;
  const { world, ...money } = moneyOf(asking, asked);
  const all = [...t.context.model.worlds.values()];
  const near = all.filter(({ verseId }) => verseId === world.verseId);
  const to = random.onceIn(4) ? 'bank' : random.pick(random.onceIn(4) ? all : near);
  await transfer(t.context, world, { to, ...money }, asking);
}

/** What code has transferred stays transferred when it is taken back. */
async function spendAndRewind(asking: Asking, asked: World): Promise<JournalRecord> {
  const { t, random, signal } = asking;
  const { world, token, amount } = moneyOf(asking, asked);
  // Its record is not the verb's answer, and so it has no tag.
  const code = `set x ${random.below(1000)}\ntransfer bank ${token} ${amount}\nget x`;
  await execute(t.context, { world, code }, { signal });
  return rewind(t.context, world, { steps: 1 }, { signal });
}

/** A program of the simulated language that `interpret` can read too. */
function program({ t, random, tag }: Asking): { code: string; timeoutMs: number } {
  const n = random.below(1000);
  const owner = random.pick([...t.context.model.worlds.values()]).birth.account;
  const code = random.pick([
    `set x ${n}\nget x`,
    `set x ${n}`,
    `add x ${n}\nget x`,
    `add x ${n}\nget x`,
    'get x',
    'get x',
    `print seen\nadd x ${n}\nget x`,
    `set x ${n}\nreport cost ${n}\nfail on purpose`,
    `set x ${n}\nnonsense`,
    `add x ${n}\nhang`,
    `set x ${n}\nhang`,
    `set x ${n}\nfault ENGINE_FAULT`,
    `add x ${n}\nreport cost ${n}/7\nget x`,
    `report cost ${n}`,
    `report cost -1\nset x ${n}`,
    `transfer ${owner} GOLD ${n + 1}\nset x ${n}\nget x`,
    `transfer ${owner} GOLD 1\ntransfer ${owner} GOLD 2\nreport cost 3`,
    `set x ${n}\noverdraw ${owner} GOLD ${n * n + 1}`,
  ]);
  return { code: `# ${tag}\n${code}`, timeoutMs: 50 };
}
