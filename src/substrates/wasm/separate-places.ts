import { type IsolationMode, TENANT_DEFAULT } from '../../model/isolation-mode.js';
import { WorldError } from '../../model/world-error.js';
import type { ImageHash } from '../../ports/base-image.js';
import type { BranchIdentity, DurableState, Wait } from '../../ports/substrate.js';
import type { DurableForms } from './durable-forms.js';
import type { HostProcess } from './host-process.js';
import { type HostOwner, HostSlots } from './host-slots.js';
import type { HostSupervisor, LiveHost } from './host-supervisor.js';
import type { ImageHosts } from './image-hosts.js';
import { durableKey } from './recall-state.js';
import type { Placed, PlacedTogether, StatePlaces } from './state-places.js';
import { assertAlive, isGone, type StateEntry, type StateRegistry } from './state-registry.js';

export interface SeparatePlacesOptions {
  readonly mode: Exclude<IsolationMode, 'none'>;
  readonly registry: StateRegistry;
  readonly forms: DurableForms;
  /** Hosts in which nothing ever runs: they have what belongs to nobody yet, such as uploads, and build images. */
  readonly idleHosts: ImageHosts;
  readonly make: (image: ImageHash | null) => HostSupervisor;
  readonly hostsMax: number;
  readonly idleMs: number;
  readonly queueWaitMs: number;
  readonly log: (message: string) => void;
}

const NOTHING = (): void => undefined;

/**
 * A host of its own for each world, or for each tenant, that runs code. A state goes from one to another over the page
 * store only: written by the one, checked here, read by the other. No step of that holds two hosts at a time.
 */
export class SeparatePlaces implements StatePlaces {
  readonly #options: SeparatePlacesOptions;
  readonly #slots: HostSlots;
  readonly #parking = new Map<StateEntry, Promise<void>>();
  readonly #moving = new Map<StateEntry, Promise<void>>();

  constructor(options: SeparatePlacesOptions) {
    this.#options = options;
    const { make, hostsMax, idleMs, queueWaitMs } = options;
    this.#slots = new HostSlots({
      make: ({ image }) => make(image),
      hostsMax,
      idleMs,
      queueWaitMs,
      beforeEnd: (process) => this.#save(process),
    });
  }

  ownerOf({ worldId, tenant }: BranchIdentity): string {
    return this.#options.mode === 'world' ? `world ${worldId}` : `tenant ${tenant ?? TENANT_DEFAULT}`;
  }

  async toRun(entry: StateEntry, identity: BranchIdentity, wait: Wait): Promise<Placed> {
    const owner = this.ownerOf(identity);
    if (entry.home !== null && entry.owner !== owner) await this.#park(entry);
    assertAlive(entry);
    return this.#within(entry.image, owner, wait, async (live, release) => {
      if (entry.home !== null && entry.owner !== owner) {
        return { host: live.process, entry: await this.#copy(entry, { live, owner }, wait), release };
      }
      await this.#bring(entry, live, wait);
      return { host: live.process, entry, release };
    });
  }

  async toRead(entry: StateEntry, others: readonly StateEntry[], wait: Wait): Promise<PlacedTogether> {
    // Before a host is held, since writing them needs those that have them.
    for (const other of others) if (isElsewhere(other, entry)) await this.#park(other);
    assertAlive(entry);
    return this.#within(entry.image, entry.owner, wait, async (live, release) => {
      await this.#bring(entry, live, wait);
      const copies: StateEntry[] = [];
      const releaseAll = (): void => {
        for (const copy of copies) this.#options.registry.release(copy);
        release();
      };
      const placed: StateEntry[] = [];
      for (const other of others) {
        if (!isElsewhere(other, entry)) {
          await this.#bring(other, live, wait);
          placed.push(other);
          continue;
        }
        const copy = await this.#copy(other, { live, owner: entry.owner }, wait);
        copies.push(copy);
        placed.push(copy);
      }
      return { host: live.process, entry, others: placed, release: releaseAll };
    });
  }

  anyHost(image: ImageHash | null, wait: Wait): Promise<LiveHost> {
    return this.#options.idleHosts.live(image, wait);
  }

  running(): readonly HostSupervisor[] {
    return [...this.#options.idleHosts.running(), ...this.#slots.running()];
  }

  async close(): Promise<void> {
    await Promise.all([this.#slots.close(), this.#options.idleHosts.close()]);
  }

  /** Keys in the page store of what can only be had from there now, once what is being written is. */
  async keysInUse(): Promise<readonly string[]> {
    await Promise.allSettled([...this.#parking.values()]);
    return this.#options.registry.parked().map(durableKey);
  }

  /** Does `work` in the host of `owner`, which stays until what the work gives out is released. */
  async #within<T>(
    image: ImageHash | null,
    owner: string | null,
    wait: Wait,
    work: (live: LiveHost, release: () => void) => Promise<T>,
  ): Promise<T> {
    if (owner === null) return work(await this.anyHost(image, wait), NOTHING);
    const lease = await this.#slots.lease({ image, owner } satisfies HostOwner, wait);
    try {
      return await work(await lease.supervisor.live(wait), lease.release);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** The state is in the host of its owner afterwards. */
  async #bring(entry: StateEntry, live: LiveHost, wait: Wait): Promise<void> {
    while (entry.home !== null && entry.home !== live.process) {
      const moving = this.#moving.get(entry);
      if (moving !== undefined) {
        await moving.catch(NOTHING);
        continue;
      }
      const work = this.#move(entry, live, wait);
      this.#moving.set(entry, work);
      try {
        await work;
      } finally {
        this.#moving.delete(entry);
      }
    }
    assertAlive(entry);
  }

  async #move(entry: StateEntry, live: LiveHost, wait: Wait): Promise<void> {
    const { handle } = await this.#options.forms.read(parkedForm(entry), live, wait);
    this.#options.registry.moved(entry, { home: live.process, handle });
  }

  /** One more of a state that was parked, for another owner. */
  async #copy(
    entry: StateEntry,
    to: { readonly live: LiveHost; readonly owner: string | null },
    wait: Wait,
  ): Promise<StateEntry> {
    const parked = parkedForm(entry);
    const { handle, facts, stamp, key } = await this.#options.forms.read(parked, to.live, wait);
    return this.#options.registry.add({
      home: to.live.process,
      owner: to.owner,
      image: entry.image,
      handle,
      stamp,
      facts,
      keepers: 1,
      relative: { key },
      parked,
    });
  }

  /** Writes a state to the page store, so that any host can have it. Whoever waits for it shares the work. */
  #park(entry: StateEntry): Promise<void> {
    if (entry.parked !== null) return Promise.resolve();
    const running = this.#parking.get(entry);
    if (running !== undefined) return running;
    const { registry } = this.#options;
    registry.keep(entry);
    const work = this.#within(entry.image, entry.owner, {}, async (live, release) => {
      try {
        await this.#write(entry, live);
      } finally {
        release();
      }
    }).finally(() => {
      this.#parking.delete(entry);
      registry.release(entry);
    });
    this.#parking.set(entry, work);
    return work;
  }

  async #write(entry: StateEntry, { baseDigest }: Pick<LiveHost, 'baseDigest'>): Promise<void> {
    // It may have been written while this waited for its host.
    if (entry.parked !== null || entry.home === null) return;
    assertAlive(entry);
    entry.parked = await this.#options.forms.write(entry, { host: entry.home, baseDigest }, {});
  }

  /** Before a host ends: what somebody still wants of it is written. What cannot be is made again by replay. */
  async #save(process: HostProcess): Promise<void> {
    const { registry, log } = this.#options;
    const { baseDigest } = await process.ready;
    for (const entry of registry.heldBy(process)) {
      const work = this.#write(registry.keep(entry), { baseDigest });
      // Listed, so that a collection waits for it.
      if (!this.#parking.has(entry)) this.#parking.set(entry, work);
      try {
        await work;
      } catch (error) {
        log(`a state was lost with a host that ended, and is made again when it is needed: ${String(error)}`);
      } finally {
        if (this.#parking.get(entry) === work) this.#parking.delete(entry);
        registry.release(entry);
      }
    }
  }
}

/** Needs a copy to be beside `entry`; the base state is everywhere. */
function isElsewhere(other: StateEntry, entry: StateEntry): boolean {
  return other.home !== null && other.owner !== entry.owner;
}

function parkedForm(entry: StateEntry): DurableState {
  if (entry.parked !== null) return entry.parked;
  assertAlive(entry);
  const text =
    'the state is in another host and was not written: recall it, or replay from one that is durable';
  throw new WorldError('STATE_LOST', text, { cause: isGone(entry) });
}
