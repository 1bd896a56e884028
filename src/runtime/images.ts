import { WorldError } from '../model/world-error.js';
import type { BaseImages, ImageInput, ImageProgress } from '../ports/base-image.js';
import type { ImageReference, RecordOf } from '../ports/journal-record.js';
import type { SubstrateName, Wait } from '../ports/substrate.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** The image of worlds that name none: the substrate's own, which for wasm is the standard library. */
export const STANDARD_IMAGE = 'standard';

export type Image = RecordOf<'image.created'>;

export interface CreateImageRequest extends ImageInput {
  readonly name: string;
  readonly substrate?: string;
}

export interface CreatedImage {
  readonly image: Image;
  readonly warnings: readonly string[];
}

/** @throws IMAGE_NOT_FOUND */
export function findImage(context: RuntimeContext, name: string): Image {
  const image = context.model.images.get(name);
  if (image !== undefined) return image;
  const known = [...context.model.images.keys()];
  const others =
    known.length === 0 ? 'There are none yet: wr image create.' : `There are: ${known.join(', ')}.`;
  throw new WorldError('IMAGE_NOT_FOUND', `There is no image ${JSON.stringify(name)}. ${others}`, {
    details: { image: name, known },
  });
}

/** What a birth says of the image of that name; nothing for the standard one. @throws IMAGE_NOT_FOUND, UNSUPPORTED */
export function imageFor(
  context: RuntimeContext,
  name: string | undefined,
  substrate: SubstrateName,
): ImageReference | undefined {
  if (name === undefined || name === STANDARD_IMAGE) return undefined;
  const image = findImage(context, name);
  if (image.substrate !== substrate) {
    throw new WorldError(
      'UNSUPPORTED',
      `Image ${name} is of substrate ${image.substrate}; a world of ${substrate} cannot use it. Leave out the substrate.`,
      { details: { image: name, substrate } },
    );
  }
  return { name, hash: image.hash };
}

/** Keeps an image from being removed while a world of it is being made. */
export function holdImage(context: RuntimeContext, hash: string | undefined): Disposable {
  const { birthsOnImages } = context;
  if (hash === undefined) return { [Symbol.dispose]: () => {} };
  birthsOnImages.set(hash, (birthsOnImages.get(hash) ?? 0) + 1);
  return {
    [Symbol.dispose]() {
      const left = (birthsOnImages.get(hash) ?? 1) - 1;
      if (left === 0) birthsOnImages.delete(hash);
      else birthsOnImages.set(hash, left);
    },
  };
}

/** Worlds that were not deleted, and snapshots, that stand on an image: these need it. */
export function needsOf(context: RuntimeContext, hash: string): { worlds: World[]; snapshots: string[] } {
  const { model } = context;
  const worlds = [...model.worlds.values()].filter(
    (world) => world.status !== 'deleted' && world.birth.image?.hash === hash,
  );
  const snapshots = [...model.snapshots.values()].filter(
    ({ worldId }) => model.world(worldId).birth.image?.hash === hash,
  );
  return { worlds, snapshots: snapshots.map(({ name }) => name) };
}

/**
 * Makes an image: its inputs are stored, it is built once, and then it has a name.
 *
 * @throws NAME_TAKEN, UNSUPPORTED, and what preparing and building an image throws: then nothing is left of it.
 */
export async function createImage(
  context: RuntimeContext,
  request: CreateImageRequest,
  how: { readonly wait: Wait; readonly onProgress?: ImageProgress },
): Promise<CreatedImage> {
  context.requireOpen();
  const { name } = request;
  const substrate = context.substrate((request.substrate ?? context.parts.defaultSubstrate) as SubstrateName);
  const { images } = substrate;
  if (images === undefined) throw noImages(substrate.name);
  reserve(context, name);
  context.imagesInMaking += 1;
  try {
    const { value: prepared } = await context.timed(() => images.prepare(request, how.wait, how.onProgress));
    how.onProgress?.({ done: 1, total: 2, what: 'building the base' });
    const { value: baseDigest, ms } = await context.timed(() => images.build(prepared.hash, how.wait));
    const { warnings, ...facts } = prepared;
    const record: Image = {
      op: 'image.created',
      at: context.at(),
      imageId: context.parts.ids.next('image'),
      name,
      substrate: substrate.name,
      baseDigest,
      buildTimeMs: ms,
      ...facts,
      parts: [...facts.parts],
    };
    await context.commit(record);
    return { image: record, warnings };
  } finally {
    context.imagesInMaking -= 1;
    context.reservedImageNames.delete(name);
    // After a failure the inputs are nobody's. When this fails only disk is lost, and the next one tries again.
    await sweep(context, images).catch(() => {});
  }
}

/**
 * Removes the name, and with the last name of its content the files.
 *
 * @throws IMAGE_NOT_FOUND; IMAGE_IN_USE while worlds or snapshots need it
 */
export async function removeImage(context: RuntimeContext, name: string): Promise<Image> {
  context.requireOpen();
  const image = findImage(context, name);
  const isLastName = ![...context.model.images.values()].some(
    (other) => other.name !== name && other.hash === image.hash,
  );
  if (isLastName) refuseNeeded(context, image);
  await context.commit({
    op: 'image.removed',
    at: context.at(),
    imageId: image.imageId,
    name,
    hash: image.hash,
  });
  const { images } = context.substrate(image.substrate);
  if (images !== undefined) await sweep(context, images);
  return image;
}

function refuseNeeded(context: RuntimeContext, image: Image): void {
  const { worlds, snapshots } = needsOf(context, image.hash);
  const making = context.birthsOnImages.get(image.hash) ?? 0;
  if (worlds.length === 0 && snapshots.length === 0 && making === 0) return;
  const some = worlds.slice(0, 5).map(({ name }) => name);
  const what = [
    ...(worlds.length > 0
      ? [`${worlds.length} worlds (${some.join(', ')}${worlds.length > 5 ? ', ...' : ''})`]
      : []),
    ...(snapshots.length > 0 ? [`${snapshots.length} snapshots (${snapshots.slice(0, 5).join(', ')})`] : []),
    ...(making > 0 ? ['a world that is being made'] : []),
  ];
  throw new WorldError(
    'IMAGE_IN_USE',
    `Image ${image.name} is needed by ${what.join(' and ')}: their states cannot be restored without it. First delete those ` +
      'worlds (wr delete) and remove those snapshots (wr snapshots rm).',
    { details: { image: image.name, worlds: worlds.map(({ id }) => id), snapshots } },
  );
}

/** Removes the files of images without a name, unless one is being made: its files have no name yet either. */
async function sweep(context: RuntimeContext, images: BaseImages): Promise<void> {
  if (context.imagesInMaking > 0) return;
  await images.keepOnly(new Set([...context.model.images.values()].map(({ hash }) => hash)));
}

function reserve(context: RuntimeContext, name: string): void {
  if (name === STANDARD_IMAGE || context.model.images.has(name) || context.reservedImageNames.has(name)) {
    throw new WorldError(
      'NAME_TAKEN',
      `There is already an image named ${JSON.stringify(name)}. Choose another name, or remove it: wr image remove ${name}.`,
      { details: { name } },
    );
  }
  context.reservedImageNames.add(name);
}

function noImages(substrate: SubstrateName): WorldError {
  return new WorldError(
    'UNSUPPORTED',
    `Substrate ${substrate} has no images but its own. Use a substrate that has: wasm.`,
    { details: { substrate } },
  );
}
