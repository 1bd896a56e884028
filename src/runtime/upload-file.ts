import { createHash } from 'node:crypto';
import { WorldError } from '../model/world-error.js';
import { FILE_PART_BYTES, type FileEdit } from '../ports/files.js';
import type { StateRef, Wait } from '../ports/substrate.js';
import { engineReady } from './live-machine.js';
import type { RuntimeContext } from './runtime-context.js';
import type { Upload } from './upload.js';
import type { World } from './world-model.js';

/** Where a staging state has what came in: one file, or a directory. */
export const STAGED_PATH = '/tmp/upload';
/** Uploads at a time; those that nobody added to for a while make room. */
const UPLOADS_MAX = 64;
const IDLE_MS_MAX = 600_000;
/** Pages that have come in are written behind at this distance, so that the end of a large file finds little left to write. */
const PERSIST_BYTES = 16 * 1024 * 1024;

/** A piece of an upload. Without a path the upload is one file; with paths it is a directory. */
export type UploadPart =
  | {
      readonly kind: 'content';
      readonly path?: string;
      readonly content: Uint8Array;
      /** Behind what came before under that path. */
      readonly append?: boolean;
      readonly mode?: number;
    }
  | { readonly kind: 'directory'; readonly path?: string };

/**
 * Begins an upload for a world, or adds to one. `editFiles` puts the whole into the world.
 *
 * @param upload to add to; undefined: a new one
 * @throws BAD_INPUT for an upload that is not there, QUEUE_FULL, FILE_LIMIT as soon as the world could never hold it
 */
export async function uploadFile(
  context: RuntimeContext,
  world: World,
  request: { readonly upload?: string; readonly parts: readonly UploadPart[] },
  wait: Wait,
): Promise<Upload> {
  context.requireOpen();
  const edits = request.parts.map(stagingEdit);
  const bytes = edits.reduce((sum, edit) => sum + (edit.kind === 'write' ? edit.bytes.length : 0), 0);
  if (bytes > FILE_PART_BYTES) {
    throw new WorldError('BAD_INPUT', `One call takes ${FILE_PART_BYTES} bytes of content, not ${bytes}.`);
  }
  const upload =
    request.upload === undefined ? await begin(context, world, wait) : findUpload(context, request.upload);
  if (upload.worldId !== world.id || upload.busy) {
    throw new WorldError('BAD_INPUT', `Upload ${upload.id} is for another world or takes a part just now.`);
  }
  upload.busy = true;
  try {
    await add(context, world, upload, edits, wait);
  } catch (thrown) {
    await dropUpload(context, upload);
    throw thrown;
  } finally {
    upload.busy = false;
  }
  return upload;
}

export function findUpload(context: RuntimeContext, id: string): Upload {
  const upload = context.uploads.get(id);
  if (upload) return upload;
  throw new WorldError(
    'BAD_INPUT',
    `There is no upload ${JSON.stringify(id.slice(0, 80))}: it failed, idled too long, or is done. Start again.`,
  );
}

/** @throws BAD_INPUT for a path that leads out of the upload */
function stagingEdit(part: UploadPart): FileEdit {
  const { path: below } = part;
  if (below?.split('/').some((name) => name === '' || name === '.' || name === '..')) {
    throw new WorldError('BAD_INPUT', `${JSON.stringify(below.slice(0, 80))} is no path inside an upload.`);
  }
  const path = below === undefined ? STAGED_PATH : `${STAGED_PATH}/${below}`;
  if (part.kind === 'directory') return { kind: 'directory', path };
  const { content, append = false, mode } = part;
  return { kind: 'write', path, bytes: content, append, ...(mode === undefined ? {} : { mode }) };
}

/** Forgets an upload; one that is gone already is fine. */
export async function dropUpload(context: RuntimeContext, upload: Upload): Promise<void> {
  if (context.uploads.delete(upload.id)) {
    await context.substrate(upload.state.substrate).discard(upload.state);
  }
}

async function begin(context: RuntimeContext, world: World, wait: Wait): Promise<Upload> {
  await endIdleUploads(context);
  // From here to the count nothing waits, so that two at once cannot both be the last.
  if (context.uploads.size + context.uploadsInMaking >= UPLOADS_MAX) {
    throw new WorldError('QUEUE_FULL', `${UPLOADS_MAX} files are being uploaded. Wait for some to finish.`);
  }
  context.uploadsInMaking += 1;
  try {
    return await make(context, world, wait);
  } finally {
    context.uploadsInMaking -= 1;
  }
}

/** Ends uploads to which nothing was added for a while: whoever began them is gone. */
export async function endIdleUploads(context: RuntimeContext): Promise<void> {
  const now = context.parts.clock.monotonicMs();
  for (const one of [...context.uploads.values()]) {
    if (!one.busy && now - one.usedAtMs > IDLE_MS_MAX) await dropUpload(context, one);
  }
}

async function make(context: RuntimeContext, world: World, wait: Wait): Promise<Upload> {
  await engineReady(context, world.birth, wait);
  const state = await stagingState(context, world, wait);
  const upload: Upload = {
    id: `upl_${context.parts.entropy.u64().toString(16).padStart(16, '0')}`,
    worldId: world.id,
    state,
    sizeBytes: 0,
    persistedBytes: 0,
    hash: createHash('sha256'),
    usedAtMs: context.parts.clock.monotonicMs(),
    busy: false,
  };
  context.uploads.set(upload.id, upload);
  return upload;
}

/** A fresh state of the world's base: nothing of it but the content will be used. */
async function stagingState(context: RuntimeContext, world: World, wait: Wait): Promise<StateRef> {
  const substrate = context.substrate(world.birth.substrate);
  const identity = context.model.identity(world, 0);
  const { limits, image } = world.birth;
  const spec = { limits, ...(image ? { image: image.hash } : {}) };
  await using machine = await substrate.boot(spec, identity, wait);
  return await machine.snapshot(wait);
}

async function add(
  context: RuntimeContext,
  world: World,
  upload: Upload,
  edits: readonly FileEdit[],
  wait: Wait,
): Promise<void> {
  if (edits.length === 0) return;
  const substrate = context.substrate(world.birth.substrate);
  const before = upload.state;
  const { state } = await substrate.editFiles(
    before,
    edits,
    { clockNs: 0n, bounds: world.birth.limits },
    wait,
  );
  upload.state = state;
  for (const edit of edits) {
    if (edit.kind !== 'write') continue;
    upload.sizeBytes += edit.bytes.length;
    if (edit.path === STAGED_PATH) upload.hash.update(edit.bytes);
  }
  upload.usedAtMs = context.parts.clock.monotonicMs();
  await substrate.discard(before);
  if (upload.sizeBytes - upload.persistedBytes < PERSIST_BYTES) return;
  await substrate.persist(state, wait);
  upload.persistedBytes = upload.sizeBytes;
}
