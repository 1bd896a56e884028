import { z } from 'zod';
import {
  ImageCreateInput,
  ImageCreateView,
  ImageInput,
  ImageListInput,
  ImageRemoveView,
  ImageView,
  WHEELS_BYTES_MAX,
} from '../model/image-api.js';
import { WorldError } from '../model/world-error.js';
import { createImage, findImage, type Image, needsOf, removeImage } from '../runtime/images.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { defineAction, given, waitOf } from './action.js';

export const imageCreate = defineAction({
  name: 'image-create',
  summary: 'make a base image: packages and a preamble that worlds start from',
  effect: 'changes',
  input: ImageCreateInput,
  output: ImageCreateView,
  async run(context, input, call) {
    const wheels = (input.wheels ?? []).map(({ fileName, base64 }) => ({
      fileName,
      bytes: Buffer.from(base64, 'base64'),
    }));
    requireSize(wheels.reduce((sum, { bytes }) => sum + bytes.length, 0));
    const { image, warnings } = await createImage(
      context,
      {
        name: input.name,
        preamble: input.preamble ?? null,
        wheels,
        packages: input.packages ?? [],
        packageDir: input.packageDir ?? null,
        ...given('substrate', input.substrate),
      },
      { wait: waitOf(call), ...given('onProgress', call.onProgress) },
    );
    return { ...imageView(context, image), warnings: [...warnings] };
  },
});

export const imageList = defineAction({
  name: 'image-list',
  summary: 'base images, by name',
  effect: 'reads',
  input: ImageListInput,
  output: z.array(ImageView),
  async run(context) {
    const images = [...context.model.images.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
    return images.map((image) => imageView(context, image));
  },
});

export const imageShow = defineAction({
  name: 'image-show',
  summary: 'what a base image consists of',
  effect: 'reads',
  input: ImageInput,
  output: ImageView,
  async run(context, { name }) {
    return imageView(context, findImage(context, name));
  },
});

export const imageRemove = defineAction({
  name: 'image-remove',
  summary: 'remove a base image that no world needs',
  effect: 'destroys',
  input: ImageInput,
  output: ImageRemoveView,
  async run(context, { name }) {
    const { hash } = await removeImage(context, name);
    return { name, hash };
  },
});

function requireSize(sizeBytes: number): void {
  if (sizeBytes <= WHEELS_BYTES_MAX) return;
  throw new WorldError(
    'IMAGE_TOO_LARGE',
    `The wheels have ${sizeBytes} bytes together; ${WHEELS_BYTES_MAX} are allowed in one image. Leave some out.`,
    { details: { sizeBytes, sizeBytesMax: WHEELS_BYTES_MAX } },
  );
}

function imageView(context: RuntimeContext, image: Image): ImageView {
  const { worlds, snapshots } = needsOf(context, image.hash);
  const { imageId: id, name, hash, substrate, engineDigest, baseDigest, sizeBytes, buildTimeMs } = image;
  return {
    id,
    name,
    hash,
    substrate,
    engineDigest,
    baseDigest,
    parts: image.parts.map((part) => ({ ...part })),
    preamble: image.preamble === null ? null : { sha256: image.preamble, sizeBytes: image.preambleBytes },
    sizeBytes,
    buildTimeMs,
    createdAt: image.at,
    worlds: worlds.length,
    snapshots: snapshots.length,
  };
}
