import type { ImageHash } from '../../ports/base-image.js';
import type { BranchIdentity, Wait } from '../../ports/substrate.js';
import type { HostProcess } from './host-process.js';
import type { HostSupervisor, LiveHost } from './host-supervisor.js';
import type { ImageHosts } from './image-hosts.js';
import { assertAlive, type StateEntry } from './state-registry.js';

/** A state in a host that stays at least until it is released. */
export interface Placed {
  readonly host: HostProcess;
  /** The state that was asked for, or a copy of it, of which whoever asked to run it is the one keeper. */
  readonly entry: StateEntry;
  /** To be called once, when nothing is done with the state in this host any more. */
  release(): void;
}

/** A state together with others, all in one host. */
export interface PlacedTogether extends Placed {
  /** In the order in which they were asked for. Copies among them end with the release. */
  readonly others: readonly StateEntry[];
}

/** Decides which host has which states. */
export interface StatePlaces {
  /** A host that may run the code of `identity`, with the state in it. */
  toRun(entry: StateEntry, identity: BranchIdentity, wait: Wait): Promise<Placed>;
  /** A host with these states, in which nothing will run. */
  toRead(entry: StateEntry, others: readonly StateEntry[], wait: Wait): Promise<PlacedTogether>;
  /** In whose host the code of `identity` runs; null: in one that worlds share. */
  ownerOf(identity: BranchIdentity): string | null;
  /** Any host of the image: for what is the same in all of them. */
  anyHost(image: ImageHash | null, wait: Wait): Promise<LiveHost>;
  /** The hosts that there are now. */
  running(): readonly HostSupervisor[];
  close(): Promise<void>;
}

const NOTHING = (): void => undefined;

/** One host for each image, in which all worlds take turns. */
export class SharedPlaces implements StatePlaces {
  readonly #hosts: ImageHosts;

  constructor(hosts: ImageHosts) {
    this.#hosts = hosts;
  }

  ownerOf(): null {
    return null;
  }

  async toRun(entry: StateEntry, _identity: BranchIdentity, wait: Wait): Promise<Placed> {
    assertAlive(entry);
    const { process } = await this.#hosts.live(entry.image, wait);
    return { host: entry.home ?? process, entry, release: NOTHING };
  }

  async toRead(entry: StateEntry, others: readonly StateEntry[], wait: Wait): Promise<PlacedTogether> {
    const home = entry.home ?? others.find((other) => other.home !== null)?.home ?? null;
    const host = home ?? (await this.#hosts.live(entry.image, wait)).process;
    return { host, entry, others, release: NOTHING };
  }

  anyHost(image: ImageHash | null, wait: Wait): Promise<LiveHost> {
    return this.#hosts.live(image, wait);
  }

  running(): readonly HostSupervisor[] {
    return this.#hosts.running();
  }

  close(): Promise<void> {
    return this.#hosts.close();
  }
}
