import type { StateId } from '../model/ids.js';
import type {
  CompareFilesRequest,
  FileComparison,
  FileListing,
  FilePart,
  FileRange,
  ListRequest,
  StateComparison,
} from '../ports/files.js';
import type { StateRef, Substrate, Wait } from '../ports/substrate.js';
import { againWhenLost } from './again-when-lost.js';
import { materialiseState } from './materialise-state.js';
import type { RuntimeContext } from './runtime-context.js';

/**
 * The files of any state that the journal knows, also of frozen and collapsed worlds. Nothing runs and no lock is taken: what
 * is read is the state as it was made.
 *
 * @throws FILE_NOT_FOUND, FILE_CONFLICT, BAD_INPUT, and what making a state again throws
 */
export async function listFiles(
  context: RuntimeContext,
  state: StateId,
  request: ListRequest,
  wait: Wait,
): Promise<FileListing> {
  return withState(context, state, wait, (substrate, ref) => substrate.listFiles(ref, request, wait));
}

/** @throws FILE_NOT_FOUND, FILE_CONFLICT, BAD_INPUT, and what making a state again throws */
export async function readFile(
  context: RuntimeContext,
  state: StateId,
  path: string,
  range: FileRange,
  wait: Wait,
): Promise<FilePart> {
  return withState(context, state, wait, (substrate, ref) => substrate.readFile(ref, path, range, wait));
}

/**
 * In which files two states of one base differ; with `before` null, in which files a state differs from its base.
 *
 * @throws UNSUPPORTED for states that cannot be laid side by side, and what making a state again throws
 */
export async function changedFiles(
  context: RuntimeContext,
  { before, after }: { readonly before: StateId | null; readonly after: StateId },
  request: CompareFilesRequest,
  wait: Wait,
): Promise<FileComparison> {
  return withState(context, after, wait, async (substrate, ref) => {
    if (before === null) return substrate.compareFiles(null, ref, request, wait);
    const from = await context.pinned(before, () => materialiseState(context, before, wait));
    return substrate.compareFiles(from, ref, request, wait);
  });
}

/** How much of two states' memory differs; null when they cannot be laid side by side. */
export async function compareStates(
  context: RuntimeContext,
  a: StateId,
  b: StateId,
  wait: Wait,
): Promise<StateComparison | null> {
  const { model } = context;
  const [left, right] = [a, b].map((id) => model.world(model.state(id).origin.worldId).birth);
  if (left?.substrate !== right?.substrate || left?.baseDigest !== right?.baseDigest) return null;
  return withState(context, a, wait, async (substrate, ref) =>
    substrate.compare(ref, await materialiseState(context, b, wait), wait),
  );
}

async function withState<T>(
  context: RuntimeContext,
  state: StateId,
  wait: Wait,
  work: (substrate: Substrate, ref: StateRef) => Promise<T>,
): Promise<T> {
  context.requireOpen();
  const { model } = context;
  const { birth } = model.world(model.state(state).origin.worldId);
  const read = async (): Promise<T> => {
    const ref = await materialiseState(context, state, wait);
    return work(context.substrate(birth.substrate), ref);
  };
  return context.pinned(state, () => againWhenLost(context, birth, read, wait));
}
