import type { StateId } from '../model/ids.js';

/** The part of the model in which states are known. */
export interface ForgetfulModel {
  readonly states: Map<StateId, { readonly origin: { readonly ledgerKeys?: readonly string[] } }>;
  readonly worlds: ReadonlyMap<string, { readonly heads: StateId[]; hasForgotten: boolean }>;
  readonly ledger: { forgetKeys(keys: Iterable<string>): void };
}

/**
 * Takes states out of the model: the code and inputs that made them, their durable forms, their places in the
 * histories of worlds and the idempotency keys of their transfers. What is kept must not need them: that is
 * `planForgetting`'s care.
 */
export function forgetStates(model: ForgetfulModel, ids: readonly StateId[]): void {
  const forgotten = new Set<StateId>();
  for (const id of ids) {
    const entry = model.states.get(id);
    if (entry === undefined) continue;
    if (entry.origin.ledgerKeys) model.ledger.forgetKeys(entry.origin.ledgerKeys);
    model.states.delete(id);
    forgotten.add(id);
  }
  for (const world of model.worlds.values()) {
    if (!world.heads.some((id) => forgotten.has(id))) continue;
    const kept = world.heads.filter((id) => !forgotten.has(id));
    world.heads.splice(0, world.heads.length, ...kept);
    world.hasForgotten = true;
  }
}
