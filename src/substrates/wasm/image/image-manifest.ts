import { createHash } from 'node:crypto';
import { z } from 'zod';
import { WorldError } from '../../../model/world-error.js';
import type { ImageHash, ImagePart } from '../../../ports/base-image.js';

/** What an image consists of, as it is stored. Everything large is named by its SHA-256. */
export interface ImageManifest {
  readonly engineDigest: string;
  /** In the order in which they are installed and their libraries are loaded. */
  readonly parts: readonly StoredPart[];
  readonly preamble: string | null;
}

export interface StoredPart extends ImagePart {
  readonly installDir: 'site' | 'dynlib';
}

/** Raised whenever equal inputs make another base. */
const IMAGE_FORMAT = 'world-image-1';

const Manifest = z.strictObject({
  format: z.literal(IMAGE_FORMAT),
  engineDigest: z.string(),
  parts: z.array(
    z.strictObject({
      kind: z.enum(['package', 'wheel']),
      name: z.string(),
      version: z.string(),
      fileName: z.string(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      sizeBytes: z.int().min(0),
      installDir: z.enum(['site', 'dynlib']),
    }),
  ),
  preamble: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

/** The same for equal inputs on every machine: file names and where files came from are no part of it. */
export function hashImage({ engineDigest, parts, preamble }: ImageManifest): ImageHash {
  const content = parts.map(({ installDir, sha256 }) => [installDir, sha256]);
  return createHash('sha256')
    .update(JSON.stringify([IMAGE_FORMAT, engineDigest, content, preamble]))
    .digest('hex');
}

export function encodeImageManifest({ engineDigest, parts, preamble }: ImageManifest): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: IMAGE_FORMAT, engineDigest, parts, preamble }, null, 1)}\n`);
}

/** @throws IMAGE_DAMAGED when it is not the manifest of that image */
export function decodeImageManifest(hash: ImageHash, bytes: Uint8Array): ImageManifest {
  try {
    const { format: _format, ...manifest } = Manifest.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    if (hashImage(manifest) === hash) return manifest;
  } catch {
    // Told below.
  }
  const text = `The description of image ${hash.slice(0, 12)} is damaged. Create the image again from the same inputs.`;
  throw new WorldError('IMAGE_DAMAGED', text, { details: { image: hash } });
}
