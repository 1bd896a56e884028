import type { WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';

interface Queue {
  tail: Promise<void>;
  waiting: number;
}

/**
 * One first-in-first-out queue per world. A verb that needs several worlds names them ancestors first,
 * which is an order all verbs share, so they cannot wait for each other in a circle.
 */
export class WorldLocks {
  readonly #queues = new Map<WorldId, Queue>();
  readonly #lengthMax: (id: WorldId) => number;

  /** @param lengthMax requests that may be at one world, the running one included; the next is refused with `QUEUE_FULL`. */
  constructor(lengthMax: (id: WorldId) => number) {
    this.#lengthMax = lengthMax;
  }

  /** Runs `work` while it holds every world named, in that order. A waiter whose signal aborts leaves the queue. */
  async hold<T>(ids: readonly WorldId[], work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const releases: (() => void)[] = [];
    try {
      for (const id of new Set(ids)) releases.push(await this.#acquire(id, signal));
      return await work();
    } finally {
      for (const release of releases.reverse()) release();
    }
  }

  /** True while a verb holds or awaits the world. */
  isBusy(id: WorldId): boolean {
    return this.#queues.has(id);
  }

  /** Resolves when no verb holds or awaits any world. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await Promise.all([...this.#queues.values()].map(({ tail }) => tail));
  }

  async #acquire(id: WorldId, signal: AbortSignal | undefined): Promise<() => void> {
    if (signal?.aborted) throw interrupted(id, signal);
    const queue = this.#queues.get(id) ?? { tail: Promise.resolve(), waiting: 0 };
    const max = this.#lengthMax(id);
    if (queue.waiting >= max) {
      throw new WorldError(
        'QUEUE_FULL',
        `World ${id} already has ${max} requests running or waiting. Wait for some to finish, or branch it.`,
        { details: { world: id, max } },
      );
    }
    this.#queues.set(id, queue);
    const before = queue.tail;
    let release = (): void => {};
    const mine = new Promise<void>((resolve) => {
      release = () => {
        queue.waiting -= 1;
        if (queue.waiting === 0) this.#queues.delete(id);
        resolve();
      };
    });
    queue.waiting += 1;
    queue.tail = before.then(() => mine);
    try {
      await untilAborted(before, signal);
    } catch (thrown) {
      release();
      throw signal?.aborted ? interrupted(id, signal) : thrown;
    }
    return release;
  }
}

function interrupted(id: WorldId, signal: AbortSignal): WorldError {
  return new WorldError(
    'INTERRUPTED',
    `The request was interrupted while it waited for world ${id}; nothing of it was done.`,
    { details: { world: id }, cause: signal.reason },
  );
}

/** `promise`, unless the signal aborts first. */
async function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
