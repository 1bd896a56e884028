import type { ImageCreateInput, ImageCreateView, ImageRemoveView, ImageView } from '../../model/image-api.js';
import type { CallOptions, Transport } from './transport.js';

/** A wheel as a program has it. */
export interface WheelFile {
  readonly fileName: string;
  readonly bytes: Uint8Array;
}

export type ImageCreateOptions = Omit<ImageCreateInput, 'name' | 'wheels'> & {
  readonly wheels?: readonly WheelFile[];
};

/** The base images of a runtime: `runtime.images`. */
export class ImagesClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Makes an image, which `create({ image: name })` then starts worlds from.
   *
   * @throws WHEEL_INVALID, WHEEL_UNSUPPORTED, PACKAGE_NOT_FOUND, PACKAGE_UNAVAILABLE, IMAGE_BUILD_FAILED, IMAGE_TOO_LARGE, NAME_TAKEN
   */
  create(name: string, options: ImageCreateOptions = {}, call: CallOptions = {}): Promise<ImageCreateView> {
    const { wheels, ...rest } = options;
    const sent = wheels?.map(({ fileName, bytes }) => ({ fileName, base64: base64Of(bytes) }));
    return this.#call('image-create', { name, ...rest, ...(sent ? { wheels: sent } : {}) }, call);
  }

  list(): Promise<ImageView[]> {
    return this.#call('image-list', {});
  }

  /** @throws IMAGE_NOT_FOUND */
  show(name: string): Promise<ImageView> {
    return this.#call('image-show', { name });
  }

  /** @throws IMAGE_NOT_FOUND; IMAGE_IN_USE while worlds or snapshots need it */
  remove(name: string): Promise<ImageRemoveView> {
    return this.#call('image-remove', { name });
  }

  #call<T>(action: string, input: object, options: CallOptions = {}): Promise<T> {
    return this.#transport.call(action, input, options) as Promise<T>;
  }
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
