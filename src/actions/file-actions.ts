import {
  EditFilesInput,
  EditFilesView,
  type FileEditInput,
  type FileView,
  ListFilesInput,
  ListFilesView,
  PART_BYTES_MAX,
  ReadFileInput,
  ReadFileView,
  UploadFileInput,
  UploadFileView,
} from '../model/file-api.js';
import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { FileEntry } from '../ports/files.js';
import { editFiles, type WorldFileEdit } from '../runtime/edit-files.js';
import { findWorld } from '../runtime/find-world.js';
import { listFiles, readFile } from '../runtime/read-files.js';
import { findState, lookUpWorld } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { type UploadPart, uploadFile } from '../runtime/upload-file.js';
import type { World } from '../runtime/world-model.js';
import { defineAction, given, waitOf } from './action.js';

const LIST_LIMIT_DEFAULT = 1000;

export const listFilesAction = defineAction({
  name: 'list-files',
  summary: "list a world's files",
  effect: 'reads',
  input: ListFilesInput,
  output: ListFilesView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const state = stateOf(context, world, input.state);
    const { path = '.', recursive = false, limit = LIST_LIMIT_DEFAULT, after } = input;
    const request = { path, recursive, limit, ...given('after', after) };
    const { entry, entries, more } = await listFiles(context, state, request, waitOf(call));
    const { id: worldId, name } = world;
    return { worldId, world: name, state, entry: fileView(entry), entries: entries.map(fileView), more };
  },
});

export const readFileAction = defineAction({
  name: 'read-file',
  summary: 'copy files and folders out of a world',
  effect: 'reads',
  input: ReadFileInput,
  output: ReadFileView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const state = stateOf(context, world, input.state);
    const { path, offset = 0, length = PART_BYTES_MAX } = input;
    const { entry, bytes } = await readFile(context, state, path, { offset, length }, waitOf(call));
    return {
      worldId: world.id,
      state,
      entry: fileView(entry),
      offset,
      content: Buffer.from(bytes).toString('base64'),
      end: offset + bytes.length >= entry.sizeBytes,
    };
  },
});

export const uploadFileAction = defineAction({
  name: 'upload-file',
  summary: 'put files and folders into a world',
  effect: 'changes',
  input: UploadFileInput,
  output: UploadFileView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const parts = input.parts.map(({ ...part }): UploadPart => {
      if (part.kind === 'directory') return { kind: part.kind, ...given('path', part.path) };
      return {
        kind: part.kind,
        content: Buffer.from(part.content, 'base64'),
        ...given('path', part.path),
        ...given('append', part.append),
        ...given('mode', part.mode),
      };
    });
    const request = { parts, ...given('upload', input.upload) };
    const { id, worldId, sizeBytes } = await uploadFile(context, world, request, waitOf(call));
    return { upload: id, worldId, sizeBytes };
  },
});

export const editFilesAction = defineAction({
  name: 'edit-files',
  summary: "change a world's files as one step: write, remove, rename, copy, make directories",
  effect: 'changes',
  input: EditFilesInput,
  output: EditFilesView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const expectHead =
      input.expectHead === undefined ? undefined : findState(context.model, input.expectHead);
    const edits = input.edits.map((edit) => editOf(context, edit));
    const request = { world, edits, ...given('expectHead', expectHead) };
    const { worldId, parentState, state, changes, timeMs } = await editFiles(context, request, waitOf(call));
    return { worldId, world: world.name, parentState, state, changes, timeMs };
  },
});

/** Any state may be named; none: the world's head. */
function stateOf(context: RuntimeContext, world: World, reference: string | undefined): StateId {
  return reference === undefined ? world.head : findState(context.model, reference);
}

export function fileView({ path, kind, sizeBytes, mode, mtimeMs, target }: FileEntry): FileView {
  return { path, kind, sizeBytes, mode, mtimeMs, ...given('target', target) };
}

function editOf(context: RuntimeContext, edit: FileEditInput): WorldFileEdit {
  switch (edit.kind) {
    case 'write': {
      const { kind, path, content, upload, mode } = edit;
      if ((content === undefined) === (upload === undefined)) {
        throw new WorldError(
          'BAD_INPUT',
          `Say the content of ${path} or an upload that has it, and not both.`,
        );
      }
      const bytes = upload === undefined ? Buffer.from(content ?? '', 'base64') : { upload };
      return { kind, path, content: bytes, ...given('mode', mode) };
    }
    case 'remove':
      return { ...edit, recursive: edit.recursive ?? false };
    case 'copy': {
      const { kind, path, to, from } = edit;
      if (from === undefined) return { kind, path, to };
      return { kind, path, to, state: stateOf(context, lookUpWorld(context.model, from.world), from.state) };
    }
    default:
      return edit;
  }
}
