import type { WorldId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';

/** Requests that may wait for one world; the next is refused with `QUEUE_FULL`. */
export const QUEUE_LENGTH_MAX = 1024;

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

  /** Resolves when no verb holds or awaits any world. */
  async idle(): Promise<void> {
    while (this.#queues.size > 0) await Promise.all([...this.#queues.values()].map(({ tail }) => tail));
  }

  async #acquire(id: WorldId, signal: AbortSignal | undefined): Promise<() => void> {
    if (signal?.aborted) throw interrupted(id, signal);
    const queue = this.#queues.get(id) ?? { tail: Promise.resolve(), waiting: 0 };
    this.#queues.set(id, queue);
    if (queue.waiting >= QUEUE_LENGTH_MAX) {
      throw new WorldError(
        'QUEUE_FULL',
        `World ${id} already has ${QUEUE_LENGTH_MAX} requests waiting. Wait for some to finish, or branch it.`,
        { details: { world: id } },
      );
    }
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
