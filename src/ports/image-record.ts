import { z } from 'zod';
import { ImageId } from '../model/ids.js';
import { header } from './record-header.js';
import { SUBSTRATE_NAMES } from './substrate.js';

/** Records of the journal on base images. */

export const ImagePartRecord = z.strictObject({
  kind: z.enum(['package', 'wheel']),
  name: z.string(),
  version: z.string(),
  fileName: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
});

/** The files named are stored before this record is: the image can be built again at any time. */
export const ImageCreated = z.strictObject({
  op: z.literal('image.created'),
  ...header,
  imageId: ImageId,
  name: z.string(),
  /** SHA-256 over engine, parts in order and preamble. */
  hash: z.string(),
  substrate: z.enum(SUBSTRATE_NAMES),
  engineDigest: z.string(),
  /** What worlds of it start from. */
  baseDigest: z.string(),
  parts: z.array(ImagePartRecord),
  /** SHA-256 of the preamble, or null. */
  preamble: z.string().nullable(),
  preambleBytes: z.int(),
  /** Unpacked, bytes. */
  sizeBytes: z.int(),
  buildTimeMs: z.number(),
});
export type ImageCreated = z.infer<typeof ImageCreated>;

export const ImageRemoved = z.strictObject({
  op: z.literal('image.removed'),
  ...header,
  imageId: ImageId,
  name: z.string(),
  hash: z.string(),
});
