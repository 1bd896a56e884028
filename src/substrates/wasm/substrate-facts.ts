import type { IsolationMode } from '../../model/isolation-mode.js';
import { WorldError } from '../../model/world-error.js';
import type { ImageStore } from '../../ports/base-image.js';
import type { IsolationPart, SubstrateFinding } from '../../ports/substrate.js';
import type { StateEntry } from './state-registry.js';
import { WasmImages, type WasmImagesOptions } from './wasm-images.js';

/** Whose code a host runs: also where that is everybody's, so that whoever asks what stands is told. */
export function separation(isolate: IsolationMode, hostsMax: number): IsolationPart {
  const detail =
    isolate === 'none' ? 'isolate is none' : `isolate is ${isolate}; at most ${hostsMax} hosts at a time`;
  return { name: SEPARATION[isolate], stands: true, detail };
}

const SEPARATION: Readonly<Record<IsolationMode, string>> = {
  none: 'one host for all worlds',
  tenant: 'a host for each tenant',
  world: 'a host for each world',
};

export function trackingFinding(tracks: boolean): SubstrateFinding {
  const name = 'changed pages';
  if (tracks) {
    return {
      name,
      status: 'ok',
      message: 'the kernel lists the pages that a run wrote; only those are compared',
    };
  }
  const message =
    'the whole memory of a world is compared after each run, so that runs take up to twice as long. Better: Linux 6.7 or later, ' +
    'a C compiler, and then npm rebuild world-runtime (in a clone: npm run build)';
  return { name, status: 'warn', message };
}

interface ImageSettings {
  readonly imageStore?: ImageStore;
  readonly packageLock?: string;
  readonly download?: typeof fetch;
}

export function imagesOf(
  { imageStore, packageLock, download }: ImageSettings,
  parts: Pick<WasmImagesOptions, 'hosts' | 'cacheOf'>,
): WasmImages | null {
  if (imageStore === undefined) return null;
  return new WasmImages({
    ...parts,
    store: imageStore,
    ...(packageLock === undefined ? {} : { packageLock }),
    ...(download === undefined ? {} : { download }),
  });
}

export function requireSameImage(a: StateEntry, b: StateEntry): void {
  if (a.image === b.image) return;
  const names = [a, b].map(({ image }) =>
    image === null ? 'the standard library' : `image ${image.slice(0, 12)}`,
  );
  const text = `the memory of a state on ${names[0]} cannot be compared with that of one on ${names[1]}`;
  throw new WorldError('IMAGE_MISMATCH', `${text}: compare worlds of one image`);
}

export function noImages(): WorldError {
  return new WorldError(
    'UNSUPPORTED',
    'This substrate was opened without a store for images: it has none but its own.',
  );
}
