import type { WorldId } from '../model/ids.js';
import { persistAndRecord, replayCost } from './persist-state.js';
import type { RuntimeContext } from './runtime-context.js';
import { isLive } from './world-model.js';

/**
 * Makes the heads of worlds durable that nobody uses for a while (`durability.idleMs`), where a crash would cost a replay worth
 * avoiding, as on closing. One at a time and behind the verbs, so that a thousand worlds that fall idle together do not
 * get in the way of one at work.
 */
export class IdleHeads {
  readonly #context: RuntimeContext;
  readonly #stop: AbortSignal;
  /** When each was used last, monotonic ms; the longest idle first. */
  readonly #usedAt = new Map<WorldId, number>();
  #isWatching = false;

  constructor(context: RuntimeContext, stop: AbortSignal) {
    this.#context = context;
    this.#stop = stop;
  }

  /** Something ran in the world. Returns at once. */
  used(id: WorldId): void {
    if (this.#context.durability.idleMs === 0 || this.#stop.aborted) return;
    this.#usedAt.delete(id);
    this.#usedAt.set(id, this.#context.parts.clock.monotonicMs());
    if (this.#isWatching) return;
    this.#isWatching = true;
    // Not work that a closing runtime waits for: what it is in the middle of is, and the rest closing does itself.
    void this.#watch()
      .catch(() => {})
      .finally(() => {
        this.#isWatching = false;
      });
  }

  /** @throws the stop's reason */
  async #watch(): Promise<void> {
    const { clock } = this.#context.parts;
    for (let [first] = this.#usedAt; first !== undefined; [first] = this.#usedAt) {
      const [id, at] = first;
      const leftMs = at + this.#context.durability.idleMs - clock.monotonicMs();
      if (leftMs > 0) {
        await clock.sleep(leftMs, this.#stop);
        continue;
      }
      this.#usedAt.delete(id);
      await this.#persist(id);
      this.#stop.throwIfAborted();
    }
  }

  /** Failures are no one's: replay remains. */
  async #persist(id: WorldId): Promise<void> {
    const world = this.#context.model.worlds.get(id);
    // What runs or waits in it counts as another use once it is done.
    if (!world || !isLive(world) || !this.#context.isIdle(id)) return;
    if (replayCost(this.#context, world.head).runMs < this.#context.durability.closeRunMs) return;
    const work = persistAndRecord(this.#context, world.head);
    this.#context.inBackground(work);
    await work.catch(() => {});
  }
}
