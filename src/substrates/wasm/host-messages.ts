import { z } from 'zod';
import { DIFFERENCES_MAX, FILE_KINDS, LIST_ENTRIES_MAX } from '../../ports/files.js';
import { type HostMessage, REFUSAL_REASONS } from './host/wire.js';

/**
 * What the executor host may say. The host runs guest code, so nothing it says is believed before it was
 * parsed here; whatever does not parse ends the host.
 */

const Handle = z.int().min(0);
const Count = z.int().min(0);
const Slot = z.int().min(0).max(0x7fff_ffff);
const Text = z.string();
const Reason = z.string().max(65_536);
const U64Text = z.string().regex(/^(0|[1-9]\d{0,19})$/);
const Name = z.string().max(65_536);
const Stream = z.enum(['stdout', 'stderr']);

export const StateFactsSchema = z.strictObject({
  memoryBytes: Count,
  ownBytes: Count,
  overheadBytes: Count,
  root: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

const OpenFileSchema = z.strictObject({
  fd: Count,
  ino: Count,
  path: Name,
  flags: z.int(),
  position: z.number().min(0),
  group: Count,
});

export const RegistersSchema = z.strictObject({
  stackPointer: Count,
  heapTop: Count,
  clockNs: U64Text,
  entropySeed: U64Text,
  entropyDrawn: U64Text,
  cwd: Name,
  umask: Count,
  openFiles: z.array(OpenFileSchema).max(65_536),
});

export const FileNodeSchema = z.strictObject({
  path: Name,
  ino: Count,
  mode: Count,
  atimeMs: z.number(),
  mtimeMs: z.number(),
  ctimeMs: z.number(),
  rdev: z.int(),
  link: Name.exactOptional(),
  sizeBytes: Count.exactOptional(),
  pages: z.array(Slot).exactOptional(),
  baseIno: Count.exactOptional(),
});

export const FileTreeSchema = z.strictObject({
  nodes: z.array(FileNodeSchema).max(1_100_000),
  orphans: z.array(FileNodeSchema).max(65_536),
  nextIno: Count,
});

/** Absolute and in the one form that names a file: whoever makes local files of it relies on that. */
const GuestPath = z
  .string()
  .max(65_536)
  .regex(/^\/$|^(\/(?!\.{1,2}(\/|$))[^/\0]+)+$/su);

const FileEntrySchema = z.strictObject({
  path: GuestPath,
  kind: z.enum(FILE_KINDS),
  sizeBytes: Count,
  mode: z.int().min(0).max(0o7777),
  mtimeMs: z.number(),
  target: Name.exactOptional(),
});

const EffectSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('report'), cost: Text.exactOptional(), value: Text.exactOptional() }),
  z.strictObject({ kind: z.literal('transfer'), to: Text, token: Text, amount: Text }),
]);

const OutcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('done'),
    ok: z.boolean(),
    changed: z.boolean(),
    value: Text.nullable(),
    error: z.strictObject({ type: Text, message: Text, traceback: Text }).nullable(),
    effects: z.array(EffectSchema).max(100_000),
    stdoutTruncated: z.boolean(),
    stderrTruncated: z.boolean(),
    runMs: z.number().min(0),
  }),
  z.strictObject({ kind: z.literal('interrupted'), runMs: z.number().min(0) }),
  z.strictObject({ kind: z.literal('fatal'), reason: Text, runMs: z.number().min(0) }),
]);

const StatsSchema = z.strictObject({
  workers: Count,
  idle: Count,
  replaced: Count,
  queued: Count,
  states: Count,
  slotsUsed: Count,
  slotsBudget: Count,
  foreignLoads: Count,
  loads: Count,
  trackingWrites: Count,
});

const run = { run: Handle };
const request = { request: Handle };

export const HostMessageSchema: z.ZodType<HostMessage> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ready'),
    baseDigest: z.string().regex(/^[0-9a-f]{64}$/),
    base: StateFactsSchema,
  }),
  z.strictObject({ type: z.literal('startupPart'), offset: Count, totalBytes: Count }),
  z.strictObject({ type: z.literal('started'), ...run }),
  z.strictObject({ type: z.literal('overCpu'), ...run }),
  z.strictObject({ type: z.literal('output'), ...run, stream: Stream, text: Text }),
  z.strictObject({ type: z.literal('ran'), ...run, outcome: OutcomeSchema }),
  z.strictObject({ type: z.literal('committed'), ...run, facts: StateFactsSchema, slotsUsed: Count }),
  z.strictObject({
    type: z.literal('failed'),
    ...run,
    reason: z.enum(['cancelled', 'terminated', 'engine', 'budget', 'queueFull', 'unknownState']),
    message: Reason,
  }),
  z.strictObject({ type: z.literal('pages'), ...request }),
  z.strictObject({
    type: z.literal('described'),
    ...request,
    registers: RegistersSchema,
    files: FileTreeSchema,
  }),
  z.strictObject({ type: z.literal('adopted'), ...request }),
  z.strictObject({ type: z.literal('uploaded'), ...request }),
  z.strictObject({ type: z.literal('built'), ...request, facts: StateFactsSchema }),
  z.strictObject({
    type: z.literal('listed'),
    ...request,
    entry: FileEntrySchema,
    entries: z.array(FileEntrySchema).max(LIST_ENTRIES_MAX),
    more: z.boolean(),
  }),
  z.strictObject({ type: z.literal('filePart'), ...request, entry: FileEntrySchema }),
  z.strictObject({
    type: z.literal('edited'),
    ...request,
    facts: StateFactsSchema,
    changes: z.array(z.strictObject({ path: GuestPath, sizeBytes: Count.exactOptional() })),
  }),
  z.strictObject({
    type: z.literal('filesCompared'),
    ...request,
    differences: z
      .array(
        z.strictObject({
          path: GuestPath,
          before: FileEntrySchema.nullable(),
          after: FileEntrySchema.nullable(),
          content: z.boolean(),
        }),
      )
      .max(DIFFERENCES_MAX),
    more: z.boolean(),
  }),
  z.strictObject({ type: z.literal('compared'), ...request, differing: Count, total: Count }),
  z.strictObject({ type: z.literal('stats'), ...request, stats: StatsSchema }),
  z.strictObject({
    type: z.literal('refused'),
    ...request,
    reason: z.enum(REFUSAL_REASONS),
    message: Reason,
  }),
  z.strictObject({ type: z.literal('fatal'), message: Reason, image: z.boolean() }),
]);
