import { z } from 'zod';
import { WorldReference } from './api.js';

/** Input and output of the actions on files. Contents travel in base64, in parts of at most 4 MiB. */

/** Longest part, bytes, and how long it is in base64. */
export const PART_BYTES_MAX = 4 * 1024 * 1024;
const PART_BASE64_MAX = Math.ceil(PART_BYTES_MAX / 3) * 4;
const EDITS_MAX = 10_000;

const Path = z.string().max(4096);
const Content = z
  .string()
  .max(PART_BASE64_MAX, `longer than the ${PART_BYTES_MAX} bytes that one part may have`)
  // A pattern over millions of characters would need as many steps back.
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'content must be base64');
const Mode = z.int().min(0).max(0o7777);
const StateReference = z.string().min(1).max(4096);

export const FileView = z.object({
  /** Absolute, in the world. */
  path: z.string(),
  kind: z.enum(['file', 'directory', 'symlink', 'device']),
  sizeBytes: z.int(),
  /** Permission bits. */
  mode: z.int(),
  mtimeMs: z.number(),
  /** Where a symbolic link leads. */
  target: z.string().optional(),
});
export type FileView = z.infer<typeof FileView>;

export const ListFilesInput = z.strictObject({
  world: WorldReference.optional(),
  state: StateReference.optional().describe('any state or snapshot; default: as the world is'),
  path: Path.optional().describe('default: the directory in which its code works'),
  recursive: z.boolean().optional(),
  after: Path.optional().describe('go on behind this path'),
  limit: z.int().min(1).max(10_000).optional().describe('default: 1000'),
});
export type ListFilesInput = z.input<typeof ListFilesInput>;
export const ListFilesView = z.object({
  worldId: z.string(),
  world: z.string(),
  state: z.string(),
  /** What the path names. */
  entry: FileView,
  /** What is in it, by path. */
  entries: z.array(FileView),
  more: z.boolean(),
});
export type ListFilesView = z.infer<typeof ListFilesView>;

export const ReadFileInput = z.strictObject({
  world: WorldReference.optional(),
  state: StateReference.optional().describe('any state or snapshot; default: as the world is'),
  path: Path,
  offset: z.int().min(0).optional().describe('first byte; default: 0'),
  length: z.int().min(0).max(PART_BYTES_MAX).optional().describe('bytes at most; default: 4 MiB'),
});
export type ReadFileInput = z.input<typeof ReadFileInput>;
export const ReadFileView = z.object({
  worldId: z.string(),
  state: z.string(),
  entry: FileView,
  offset: z.int(),
  content: z.string(),
  /** Nothing follows. */
  end: z.boolean(),
});
export type ReadFileView = z.infer<typeof ReadFileView>;

const UploadPart = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('content'),
    path: Path.optional(),
    content: Content,
    append: z.boolean().optional(),
    mode: Mode.optional(),
  }),
  z.strictObject({ kind: z.literal('directory'), path: Path.optional() }),
]);

export const UploadFileInput = z.strictObject({
  world: WorldReference.optional(),
  upload: z.string().max(100).optional().describe('add to this one; default: begin'),
  parts: z.array(UploadPart).max(EDITS_MAX).describe('pieces of one file, or of the files of a directory'),
});
export type UploadFileInput = z.input<typeof UploadFileInput>;
export const UploadFileView = z.object({ upload: z.string(), worldId: z.string(), sizeBytes: z.int() });
export type UploadFileView = z.infer<typeof UploadFileView>;

export const FileEditInput = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('write'),
    path: Path,
    content: Content.optional(),
    upload: z.string().max(100).optional().describe('the file that was uploaded, instead of content'),
    mode: Mode.optional(),
  }),
  z.strictObject({ kind: z.literal('place'), path: Path, upload: z.string().max(100) }),
  z.strictObject({ kind: z.literal('directory'), path: Path }),
  z.strictObject({ kind: z.literal('remove'), path: Path, recursive: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('rename'), path: Path, to: Path }),
  z.strictObject({
    kind: z.literal('copy'),
    path: Path,
    to: Path,
    from: z
      .strictObject({ world: WorldReference, state: StateReference.optional() })
      .optional()
      .describe('another world; default: this one'),
  }),
]);
export type FileEditInput = z.input<typeof FileEditInput>;

export const EditFilesInput = z.strictObject({
  world: WorldReference.optional(),
  edits: z.array(FileEditInput).min(1).max(EDITS_MAX).describe('in this order; all of them or none'),
  expectHead: z.string().optional().describe('fail with HEAD_MOVED unless the head is this state'),
});
export type EditFilesInput = z.input<typeof EditFilesInput>;
export const EditFilesView = z.object({
  worldId: z.string(),
  world: z.string(),
  parentState: z.string(),
  /** The new head. */
  state: z.string(),
  changes: z.array(
    z.object({
      kind: z.enum(['written', 'directory', 'removed', 'renamed', 'copied']),
      path: z.string(),
      from: z.string().optional(),
      sizeBytes: z.int().optional(),
      sha256: z.string().optional(),
    }),
  ),
  timeMs: z.number(),
});
export type EditFilesView = z.infer<typeof EditFilesView>;
