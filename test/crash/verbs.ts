import type {
  BranchView,
  CreateInput,
  DeleteView,
  ExecutionView,
  PullUpView,
  PushDownView,
  RewindView,
  SnapshotView,
  VoidView,
  WorldView,
} from '../../src/model/api.js';
import type { EditFilesView } from '../../src/model/file-api.js';
import type { ReplayView } from '../../src/model/history-api.js';
import type { ImageCreateView, ImageRemoveView, ImageView } from '../../src/model/image-api.js';
import type { RemovedSnapshot, RenameView, SnapshotItem } from '../../src/model/name-api.js';
import type { Transport } from '../../src/surfaces/client/transport.js';
import { type Random, weighted } from '../simulation/random.js';
import { someProgram } from './python-programs.js';

/** Who asks, and what for. */
export interface Asking {
  readonly transport: Transport;
  readonly random: Random;
  /** `op` and a number that nobody else has. */
  readonly tag: string;
}

/** Answers the fact that was acknowledged, in the words of facts.ts; null for what leaves no record of its own. */
type Verb = (asking: Asking, world: WorldView) => Promise<string | null>;

const LIVE_WORLDS_MAX = 10;
const SNAPSHOTS_MAX = 5;
const IMAGES_MAX = 2;
const FILE_BYTES_MAX = 20_000;
const FILES = 2;
/** All images are of this content, so that only the first one has to be built. */
export const PREAMBLE = 'KEPT_IN_THE_IMAGE = 1';

/** Verbs with how often they are asked for. */
const VERBS: readonly (readonly [name: string, weight: number, verb: Verb])[] = [
  ['create', 3, create],
  ['create-from', 2, createFrom],
  ['execute', 30, executeSome],
  ['execute-many', 3, executeMany],
  ['snapshot', 4, snapshot],
  ['remove-snapshot', 2, removeSnapshot],
  ['rename-snapshot', 1, renameSnapshot],
  ['branch', 4, branch],
  ['push-down', 4, pushDown],
  ['pull-up', 2, pullUp],
  ['void', 1, voidPushDown],
  ['rewind', 3, rewind],
  ['replay', 2, replay],
  ['rename', 2, rename],
  ['tag', 2, tag],
  ['put-file', 5, putFile],
  ['remove-file', 2, removeFile],
  ['delete', 2, deleteWorld],
  ['deposit', 4, deposit],
  ['create-image', 1, createImage],
  ['remove-image', 1, removeImage],
  ['gc', 2, gc],
];

export const VERB_NAMES = VERBS.map(([name]) => name);

export interface Asked {
  readonly verb: string;
  readonly answer: Promise<string | null>;
}

/** Asks for a verb, likely one that can succeed, of some world. */
export async function askSomething(asking: Asking): Promise<Asked> {
  const { random } = asking;
  const worlds = await call<WorldView[]>(asking, 'list', {});
  if (worlds.length === 0) return { verb: 'create', answer: create(asking) };
  const world = random.pick(worlds);
  const frozen = world.status === 'snapshotted';
  if (worlds.length > LIVE_WORLDS_MAX) return ask(frozen ? 'pull-up' : 'delete', asking, world);
  if (frozen && random.onceIn(2)) return ask(random.onceIn(3) ? 'void' : 'pull-up', asking, world);
  return ask(weighted(random, VERBS)[0], asking, world);
}

function ask(name: string, asking: Asking, world: WorldView): Asked {
  const [, , verb] = VERBS.find(([one]) => one === name)!;
  return { verb: name, answer: verb(asking, world) };
}

function call<T>({ transport }: Asking, action: string, input: object): Promise<T> {
  return transport.call(action, input, {}) as Promise<T>;
}

async function create(asking: Asking): Promise<string> {
  const images = asking.random.onceIn(4) ? await call<ImageView[]>(asking, 'image-list', {}) : [];
  const input: CreateInput = { name: asking.tag, ...(images[0] ? { image: images[0].name } : {}) };
  return `created ${(await call<WorldView>(asking, 'create', input)).id}`;
}

async function createFrom(asking: Asking): Promise<string> {
  const { name } = await someSnapshot(asking);
  const input: CreateInput = { name: asking.tag, snapshot: name, detached: asking.random.onceIn(3) };
  return `created ${(await call<WorldView>(asking, 'create', input)).id}`;
}

async function executeSome(asking: Asking, world: WorldView): Promise<string> {
  const code = someProgram(asking.random, asking.tag, world.account);
  const { executionId } = await call<ExecutionView>(asking, 'execute', { world: world.id, code });
  return `executed ${executionId}`;
}

/** Several at once in one world: they wait for each other, and share a sync of the journal with other worlds. */
async function executeMany(asking: Asking, world: WorldView): Promise<string> {
  const programs = [0, 1, 2].map(() => someProgram(asking.random, `${asking.tag} of several`, world.account));
  const first = executeSome(asking, world);
  await Promise.allSettled([
    first,
    ...programs.map((code) =>
      call(asking, 'execute', { world: world.id, code: code.replace(asking.tag, '') }),
    ),
  ]);
  return first;
}

async function snapshot(asking: Asking, world: WorldView): Promise<string | null> {
  const there = await call<SnapshotItem[]>(asking, 'snapshots', {});
  if (there.length >= SNAPSHOTS_MAX) return removeSnapshot(asking);
  const taken = await call<SnapshotView>(asking, 'snapshot', { world: world.id, name: asking.tag });
  return `snapshot ${taken.id} of ${taken.state}`;
}

/** One that is not there, if there is none. */
async function someSnapshot(asking: Asking): Promise<{ name: string }> {
  const there = await call<SnapshotItem[]>(asking, 'snapshots', {});
  return there.length === 0 ? { name: 'none' } : asking.random.pick(there);
}

async function removeSnapshot(asking: Asking): Promise<string> {
  const { name } = await someSnapshot(asking);
  const [gone] = await call<RemovedSnapshot[]>(asking, 'remove-snapshots', { snapshots: [name] });
  return `removed ${gone!.id}`;
}

async function renameSnapshot(asking: Asking): Promise<string> {
  const { name } = await someSnapshot(asking);
  const { id } = await call<RenameView>(asking, 'rename', { snapshot: name, name: `named-${asking.tag}` });
  return `renamed ${id} to named-${asking.tag}`;
}

async function branch(asking: Asking, world: WorldView): Promise<string> {
  const children = Array.from({ length: 1 + asking.random.below(2) }, (_, index) => ({
    name: `${asking.tag}-${index}`,
  }));
  const commonRandomNumbers = asking.random.onceIn(2);
  const input = { world: world.id, children, commonRandomNumbers };
  return `branched ${(await call<BranchView>(asking, 'branch', input)).branchId}`;
}

async function pushDown(asking: Asking, world: WorldView): Promise<string> {
  const outcomes = ['0.5', '0.3', '0.2'].map((probability, index) => ({
    name: `${asking.tag}-${index}`,
    probability,
  }));
  const input = { world: world.id, outcomes };
  return `pushed down ${(await call<PushDownView>(asking, 'push-down', input)).conditionId}`;
}

async function pullUp(asking: Asking, world: WorldView): Promise<string> {
  const worlds = await call<WorldView[]>(asking, 'list', {});
  const verses = worlds.filter(({ id }) => world.childIds.includes(id)).map(({ verse }) => verse);
  const outcome = verses.length === 0 ? 'none' : asking.random.pick(verses);
  const input = asking.random.onceIn(4) ? { oracle: 'least-cost' } : { outcome };
  const view = await call<PullUpView>(asking, 'pull-up', { world: world.id, ...input });
  return `pulled up ${view.conditionId} by ${view.resolutionId}`;
}

async function voidPushDown(asking: Asking, world: WorldView): Promise<string> {
  return `voided ${(await call<VoidView>(asking, 'void', { world: world.id })).conditionId}`;
}

async function rewind(asking: Asking, world: WorldView): Promise<string> {
  const input = { world: world.id, steps: 1 + asking.random.below(3) };
  const { worldId, to } = await call<RewindView>(asking, 'rewind', input);
  return `rewound ${worldId} to ${to}`;
}

/** To a moment that retention may have given up. */
async function replay(asking: Asking, source: WorldView): Promise<string> {
  const to = asking.random.below(1 + Math.min(source.executions, 20));
  const { world } = await call<ReplayView>(asking, 'replay', { world: source.id, to, name: asking.tag });
  return `replayed ${source.id} as ${world.id}`;
}

async function rename(asking: Asking, world: WorldView): Promise<string> {
  const name = `named-${asking.tag}`;
  const { id } = await call<RenameView>(asking, 'rename', { world: world.id, name });
  return `renamed ${id} to ${name}`;
}

async function tag(asking: Asking, world: WorldView): Promise<string> {
  const { id } = await call<WorldView>(asking, 'tag', { world: world.id, set: { note: asking.tag } });
  return `tagged ${id} with ${asking.tag}`;
}

async function putFile(asking: Asking, world: WorldView): Promise<string> {
  const content = Buffer.alloc(asking.random.below(FILE_BYTES_MAX), asking.tag).toString('base64');
  const edits = [{ kind: 'write', path: someFile(asking), content }];
  return `edited files to ${(await call<EditFilesView>(asking, 'edit-files', { world: world.id, edits })).state}`;
}

async function removeFile(asking: Asking, world: WorldView): Promise<string> {
  const edits = [{ kind: 'remove', path: someFile(asking) }];
  return `edited files to ${(await call<EditFilesView>(asking, 'edit-files', { world: world.id, edits })).state}`;
}

function someFile({ random }: Asking): string {
  return `f${random.below(FILES)}`;
}

async function deleteWorld(asking: Asking, world: WorldView): Promise<string> {
  return `deleted ${(await call<DeleteView>(asking, 'delete', { world: world.id })).worldId}`;
}

/** An amount that nobody else deposits, so that its record can be told from all others. */
async function deposit(asking: Asking, world: WorldView): Promise<string> {
  const amount = asking.tag.slice('op'.length);
  await call(asking, 'deposit', { world: world.id, token: 'GOLD', amount });
  return `deposited ${amount}`;
}

async function createImage(asking: Asking): Promise<string> {
  const there = await call<ImageView[]>(asking, 'image-list', {});
  if (there.length >= IMAGES_MAX) return removeImage(asking);
  const input = { name: `image-${asking.tag}`, preamble: PREAMBLE };
  return `made image ${(await call<ImageCreateView>(asking, 'image-create', input)).id}`;
}

async function removeImage(asking: Asking): Promise<string> {
  const there = await call<ImageView[]>(asking, 'image-list', {});
  const name = there.length === 0 ? 'none' : asking.random.pick(there).name;
  const gone = await call<ImageRemoveView>(asking, 'image-remove', { name });
  return `removed image ${gone.name} of ${gone.hash}`;
}

async function gc(asking: Asking): Promise<null> {
  await call(asking, 'gc', {});
  return null;
}
