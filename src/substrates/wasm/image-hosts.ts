import type { ImageHash } from '../../ports/base-image.js';
import type { Wait } from '../../ports/substrate.js';
import type { HostSupervisor, LiveHost } from './host-supervisor.js';

/** Hosts of images that run beside that of the standard library before one that is idle is ended. */
export const IMAGE_HOSTS_MAX = 2;
/** How long a host of an image may do nothing before it is ended, ms. */
const IDLE_MS = 600_000;

interface ImageHost {
  readonly supervisor: HostSupervisor;
  timer: NodeJS.Timeout | undefined;
}

/**
 * One executor host for each base image in use: a state is only valid where the same libraries were loaded in the
 * same order. Hosts of images cost memory each, so idle ones are ended; their worlds are recovered when used again,
 * as after the loss of a host.
 */
export class ImageHosts {
  readonly #own: HostSupervisor;
  readonly #make: (image: ImageHash) => HostSupervisor;
  readonly #hostsMax: number;
  /** The one used last is the last. */
  readonly #images = new Map<ImageHash, ImageHost>();

  constructor(options: {
    readonly own: HostSupervisor;
    readonly make: (image: ImageHash) => HostSupervisor;
    readonly hostsMax?: number;
  }) {
    this.#own = options.own;
    this.#make = options.make;
    this.#hostsMax = options.hostsMax ?? IMAGE_HOSTS_MAX;
  }

  /** @throws as `HostSupervisor.live`, and what building the image throws. */
  live(image: ImageHash | null, wait: Wait): Promise<LiveHost> {
    if (image === null) return this.#own.live(wait);
    const host = this.#images.get(image) ?? { supervisor: this.#make(image), timer: undefined };
    this.#images.delete(image);
    this.#images.set(image, host);
    clearTimeout(host.timer);
    host.timer = setTimeout(() => this.#rest(host), IDLE_MS).unref();
    this.#makeRoom(image);
    return host.supervisor.live(wait);
  }

  /** The hosts that there are now. Asking does not count as using one. */
  running(): HostSupervisor[] {
    const all = [this.#own, ...[...this.#images.values()].map(({ supervisor }) => supervisor)];
    return all.filter(({ runs }) => runs);
  }

  /** Ends the image's host, also one that is being started. */
  async end(image: ImageHash): Promise<void> {
    const host = this.#images.get(image);
    if (host === undefined) return;
    this.#images.delete(image);
    clearTimeout(host.timer);
    await host.supervisor.close();
  }

  /** Ends those of other images. */
  async keepOnly(live: ReadonlySet<ImageHash>): Promise<void> {
    for (const image of [...this.#images.keys()]) if (!live.has(image)) await this.end(image);
  }

  async close(): Promise<void> {
    await Promise.all([this.#own.close(), ...[...this.#images.keys()].map((image) => this.end(image))]);
  }

  #makeRoom(wanted: ImageHash): void {
    let running = [...this.#images.values()].filter(({ supervisor }) => supervisor.runs).length;
    const starts = this.#images.get(wanted)?.supervisor.runs === true ? 0 : 1;
    for (const [image, host] of this.#images) {
      if (running + starts <= this.#hostsMax) return;
      if (image !== wanted && host.supervisor.runs && host.supervisor.rest()) running--;
    }
  }

  /** Tries again later while it works. */
  #rest(host: ImageHost): void {
    if (host.supervisor.runs && !host.supervisor.rest()) {
      host.timer = setTimeout(() => this.#rest(host), IDLE_MS).unref();
    }
  }
}
