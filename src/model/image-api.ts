import { z } from 'zod';

/** Input and output of the actions on base images, shared by all surfaces and by the client. */

const ImageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'letters, digits, dot, dash and underscore, at most 100');

/** Of all wheels of one image together, as they are sent, bytes. */
export const WHEELS_BYTES_MAX = 64 * 1024 * 1024;
const PREAMBLE_CHARS_MAX = 1024 * 1024;

export const ImageCreateInput = z.strictObject({
  name: ImageName,
  preamble: z
    .string()
    .max(PREAMBLE_CHARS_MAX)
    .refine(
      (code) => code.isWellFormed(),
      'the preamble must be well-formed Unicode (it has a lone surrogate)',
    )
    .optional()
    .describe('Python code that runs once; every world of the image starts behind it'),
  wheels: z
    .array(z.strictObject({ fileName: z.string().max(255), base64: z.base64() }))
    .max(256)
    .optional()
    .describe('wheel files, in the order in which they are installed'),
  packages: z
    .array(z.string().min(1).max(100))
    .max(256)
    .optional()
    .describe("names of packages of the engine's own distribution"),
  packageDir: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe("folder on the runtime's machine with files of that distribution, instead of downloading them"),
  substrate: z.string().optional().describe('what it is for; default: wasm'),
});
export type ImageCreateInput = z.input<typeof ImageCreateInput>;

export const ImageView = z.object({
  id: z.string(),
  name: z.string(),
  /** The same for equal inputs on every machine. */
  hash: z.string(),
  substrate: z.string(),
  engineDigest: z.string(),
  /** Content hash of what worlds of it start from. */
  baseDigest: z.string(),
  parts: z.array(
    z.object({
      kind: z.enum(['package', 'wheel']),
      name: z.string(),
      version: z.string(),
      fileName: z.string(),
      sha256: z.string(),
      sizeBytes: z.int(),
    }),
  ),
  preamble: z.object({ sha256: z.string(), sizeBytes: z.int() }).nullable(),
  /** Its files unpacked, bytes. */
  sizeBytes: z.int(),
  buildTimeMs: z.number(),
  createdAt: z.string(),
  /** Worlds that stand on it and were not deleted. */
  worlds: z.int(),
  /** Snapshots that need it. */
  snapshots: z.int(),
});
export type ImageView = z.infer<typeof ImageView>;

export const ImageCreateView = ImageView.extend({
  /** What may not work, e.g. a dependency that is not part of it. */
  warnings: z.array(z.string()),
});
export type ImageCreateView = z.infer<typeof ImageCreateView>;

export const ImageListInput = z.strictObject({});
export type ImageListInput = z.input<typeof ImageListInput>;
export const ImageInput = z.strictObject({ name: z.string().min(1).max(100) });
export type ImageInput = z.input<typeof ImageInput>;
export const ImageRemoveView = z.object({ name: z.string(), hash: z.string() });
export type ImageRemoveView = z.infer<typeof ImageRemoveView>;
