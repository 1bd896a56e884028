import { WorldError } from '../../model/world-error.js';
import type { ImageHash } from '../../ports/base-image.js';
import type { Wait } from '../../ports/substrate.js';
import { boundedWait } from './bounded-wait.js';
import { type Deferred, deferred } from './deferred.js';
import type { HostProcess } from './host-process.js';
import type { HostSupervisor } from './host-supervisor.js';

/** Who has a host for itself, on which image. */
export interface HostOwner {
  readonly image: ImageHash | null;
  /** A world's id or a tenant's name, with what it is in front. */
  readonly owner: string;
}

/** The owner's host stays until this is released. */
export interface HostLease {
  readonly supervisor: HostSupervisor;
  release(): void;
}

export interface HostSlotsOptions {
  readonly make: (owner: HostOwner) => HostSupervisor;
  /** Hosts at a time. */
  readonly hostsMax: number;
  /** How long a host may do nothing before it is ended, ms. */
  readonly idleMs: number;
  /** How long a lease is waited for, ms. */
  readonly queueWaitMs: number;
  /** Saves what is in a host that is about to be ended. Must not throw. */
  readonly beforeEnd: (process: HostProcess) => Promise<void>;
}

interface Slot {
  readonly key: string;
  readonly supervisor: HostSupervisor;
  leases: number;
  ending: Promise<void> | null;
  timer: NodeJS.Timeout | undefined;
}

interface Waiter {
  readonly owner: HostOwner;
  readonly lease: Deferred<HostLease>;
}

/**
 * A bounded number of hosts, each of one owner from its start to its end. Leases are given out strictly in the order in
 * which they were asked for, also to owners whose host is there, so that whoever waits for a host gets one once those
 * before it are done. Nobody may ask for a lease while it has another: then some lease always ends, and nobody waits forever.
 */
export class HostSlots {
  readonly #options: HostSlotsOptions;
  /** The one used last is the last. */
  readonly #slots = new Map<string, Slot>();
  readonly #queue: Waiter[] = [];
  #closed: WorldError | null = null;

  constructor(options: HostSlotsOptions) {
    this.#options = options;
  }

  /** @throws WAIT_TIMEOUT, INTERRUPTED, RUNTIME_CLOSED */
  async lease(owner: HostOwner, wait: Wait): Promise<HostLease> {
    if (this.#closed !== null) throw this.#closed;
    const waiter: Waiter = { owner, lease: deferred<HostLease>() };
    this.#queue.push(waiter);
    this.#pump();
    const { queueWaitMs: timeoutMs, hostsMax } = this.#options;
    const what = `a free executor host (${hostsMax} at a time: run fewer worlds at once, or raise isolateHosts)`;
    try {
      return await boundedWait(waiter.lease.promise, { wait, timeoutMs, what });
    } catch (error) {
      this.#giveUp(waiter);
      throw error;
    }
  }

  /** The hosts that there are now. */
  running(): HostSupervisor[] {
    return [...this.#slots.values()]
      .filter(({ ending }) => ending === null)
      .map(({ supervisor }) => supervisor)
      .filter(({ runs }) => runs);
  }

  async close(): Promise<void> {
    this.#closed ??= new WorldError('RUNTIME_CLOSED', 'the wasm substrate was closed');
    for (const { lease } of this.#queue.splice(0)) lease.reject(this.#closed);
    for (const { timer } of this.#slots.values()) clearTimeout(timer);
    await Promise.all([...this.#slots.values()].map(({ supervisor }) => supervisor.close()));
    await Promise.all([...this.#slots.values()].map(({ ending }) => ending));
  }

  /** A lease that was given out in the moment in which nobody wanted it any more goes back. */
  #giveUp(waiter: Waiter): void {
    const at = this.#queue.indexOf(waiter);
    if (at >= 0) this.#queue.splice(at, 1);
    else void waiter.lease.promise.then((lease) => lease.release()).catch(() => undefined);
    this.#pump();
  }

  #pump(): void {
    for (let [first] = this.#queue; first !== undefined; [first] = this.#queue) {
      const slot = this.#slotFor(first.owner);
      if (slot === null) return;
      this.#queue.shift();
      first.lease.resolve(this.#lend(slot));
    }
  }

  /** The owner's host, or one that is new; null while there is no place for one. */
  #slotFor(owner: HostOwner): Slot | null {
    const key = `${owner.image ?? ''} ${owner.owner}`;
    const present = this.#slots.get(key);
    if (present !== undefined) {
      if (present.ending !== null) return null;
      this.#slots.delete(key);
      this.#slots.set(key, present);
      return present;
    }
    if (this.#slots.size >= this.#options.hostsMax) {
      this.#endOne();
      return null;
    }
    const supervisor = this.#options.make(owner);
    const slot = { key, supervisor, leases: 0, ending: null, timer: undefined };
    this.#slots.set(key, slot);
    return slot;
  }

  #lend(slot: Slot): HostLease {
    slot.leases++;
    clearTimeout(slot.timer);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      slot.leases--;
      if (slot.leases === 0 && this.#closed === null) {
        slot.timer = setTimeout(() => this.#end(slot), this.#options.idleMs).unref();
      }
      this.#pump();
    };
    return { supervisor: slot.supervisor, release };
  }

  /** Makes place, unless that is being made already or every host is in use: then the next release tries again. */
  #endOne(): void {
    const slots = [...this.#slots.values()];
    if (slots.some(({ ending }) => ending !== null)) return;
    const idle = slots.find(({ leases }) => leases === 0);
    if (idle !== undefined) this.#end(idle);
  }

  #end(slot: Slot): void {
    if (slot.ending !== null || slot.leases > 0) return;
    clearTimeout(slot.timer);
    slot.ending = this.#save(slot)
      .then(() => slot.supervisor.close())
      .finally(() => {
        this.#slots.delete(slot.key);
        if (this.#closed === null) this.#pump();
      });
  }

  async #save({ supervisor }: Slot): Promise<void> {
    const { process } = supervisor;
    if (process !== null && process.lost === null) await this.#options.beforeEnd(process);
  }
}
