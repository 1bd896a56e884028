import { WorldError } from '../../model/world-error.js';
import type { ImageHash } from '../../ports/base-image.js';
import type { BranchIdentity, DurableState, StateRef } from '../../ports/substrate.js';
import { BASE_STATE, type StateFacts } from './host/wire.js';
import type { HostProcess } from './host-process.js';

/** One state as the control process knows it; machines and references that stand at it share this object. */
export interface StateEntry {
  /** The host that holds it, or did before that ended; null for the base state, which every host of its image holds. */
  home: HostProcess | null;
  /** In whose host it is; null: in one that worlds share, or in which none runs. */
  readonly owner: string | null;
  /** The image it stands on; null: the standard library. */
  readonly image: ImageHash | null;
  handle: number;
  /** Identity under which the guest ran last; null when it has none yet. */
  readonly stamp: string | null;
  readonly facts: StateFacts;
  /** Machines and references that keep it. */
  keepers: number;
  /** What of its family is durable; shared with the states it came from and with its siblings, until it is itself. */
  relative: DurableRelative;
  /** Its durable form, when it is written to go to another host or to outlast its own; null: it has none of that kind. */
  parked: DurableState | null;
}

/** The durable state that probably differs least. */
export interface DurableRelative {
  /** Key of its manifest; null when none is durable yet. */
  key: string | null;
}

/** Two identities with the same stamp are the same world in the same generation. */
export function stampOf(identity: BranchIdentity): string {
  return `${identity.worldId}:${identity.generation}`;
}

export function baseEntry(image: ImageHash | null, facts: StateFacts): StateEntry {
  const relative = { key: null };
  const nobody = { home: null, owner: null, parked: null };
  return { ...nobody, image, handle: BASE_STATE, stamp: null, facts, keepers: 1, relative };
}

/** Counts who keeps which state, and tells hosts of those that nobody keeps any more. */
export class StateRegistry {
  readonly #entries = new Map<string, StateEntry>();
  readonly #unwanted = new Map<HostProcess, number[]>();
  /** What somebody keeps, by the host that has it. */
  readonly #held = new Map<HostProcess, Set<StateEntry>>();
  #nextKey = 1;

  /** Takes note of a state that came to be in its host, with the keepers that it has. */
  add(entry: StateEntry): StateEntry {
    if (entry.home !== null) this.#hold(entry, entry.home);
    return entry;
  }

  /** The state was brought into another host. */
  moved(entry: StateEntry, { home, handle }: { readonly home: HostProcess; readonly handle: number }): void {
    this.#forget(entry);
    entry.home = home;
    entry.handle = handle;
    // Nobody may want it any more by now.
    if (entry.keepers > 0) this.#hold(entry, home);
    else home.send({ type: 'discard', states: [handle] });
  }

  heldBy(home: HostProcess): StateEntry[] {
    return [...(this.#held.get(home) ?? [])];
  }

  /** Durable forms of all that somebody keeps. */
  parked(): DurableState[] {
    const entries = [...this.#held.values()].flatMap((held) => [...held]);
    return entries.flatMap(({ parked }) => parked ?? []);
  }

  keep(entry: StateEntry): StateEntry {
    entry.keepers++;
    return entry;
  }

  release(entry: StateEntry): void {
    entry.keepers--;
    if (entry.keepers > 0 || entry.home === null) return;
    this.#forget(entry);
    if (entry.home.lost !== null) return;
    const batch = this.#unwanted.get(entry.home);
    if (batch !== undefined) {
      batch.push(entry.handle);
      return;
    }
    this.#unwanted.set(entry.home, [entry.handle]);
    queueMicrotask(() => this.#flush());
  }

  /** A new reference to `entry`. Each has a key of its own, so discarding one leaves the others valid. */
  reference(entry: StateEntry): StateRef {
    const key = `state-${this.#nextKey++}`;
    this.#entries.set(key, this.keep(entry));
    return { substrate: 'wasm', key, root: entry.facts.root };
  }

  /** @throws STATE_LOST when it was discarded, is not of this substrate, or was lost with its host. */
  find(state: StateRef): StateEntry {
    const entry = state.substrate === 'wasm' ? this.#entries.get(state.key) : undefined;
    if (entry === undefined) {
      const text = `there is no state ${state.key}: it was discarded, or is not of this substrate`;
      throw new WorldError('STATE_LOST', text, { details: { state: state.key } });
    }
    assertAlive(entry);
    return entry;
  }

  /** True while `find` would find it. */
  holds(state: StateRef): boolean {
    const entry = state.substrate === 'wasm' ? this.#entries.get(state.key) : undefined;
    return entry !== undefined && isGone(entry) === null;
  }

  /** Discarding what is not there does nothing. */
  discard(state: StateRef): void {
    const entry = this.#entries.get(state.key);
    if (entry === undefined) return;
    this.#entries.delete(state.key);
    this.release(entry);
  }

  #hold(entry: StateEntry, home: HostProcess): void {
    const held = this.#held.get(home) ?? new Set();
    this.#held.set(home, held.add(entry));
  }

  #forget(entry: StateEntry): void {
    if (entry.home === null) return;
    const held = this.#held.get(entry.home);
    held?.delete(entry);
    if (held?.size === 0) this.#held.delete(entry.home);
  }

  #flush(): void {
    for (const [host, states] of this.#unwanted) host.send({ type: 'discard', states });
    this.#unwanted.clear();
  }
}

/** Why there is no getting at it any more: its host was lost, and it was not written before; null while there is. */
export function isGone({ home, parked }: StateEntry): WorldError | null {
  return parked === null ? (home?.lost ?? null) : null;
}

/** @throws STATE_LOST when the host that held it is gone. */
export function assertAlive(entry: StateEntry): void {
  const lost = isGone(entry);
  if (lost === null) return;
  const text = 'the state was lost with its executor host: recall it, or replay from one that is durable';
  throw new WorldError('STATE_LOST', text, { cause: lost });
}
