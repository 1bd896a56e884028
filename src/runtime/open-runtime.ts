import type { CheckpointPlace } from '../ports/checkpoint-store.js';
import type { Journal } from '../ports/journal.js';
import { type RestoredModel, restoreModel } from './model-snapshot.js';
import { persistOnClose } from './persist-state.js';
import { RuntimeContext, type RuntimeParts } from './runtime-context.js';
import { RuntimeUpkeep } from './upkeep.js';
import type { World } from './world-model.js';

/**
 * Rebuilds the runtime's memory: from the newest checkpoint that belongs to the journal and the entries after it, else from
 * the whole journal. No machine starts here: a world comes to life when something is asked of it.
 *
 * @throws JOURNAL_CORRUPT, JOURNAL_INCOMPLETE
 */
export async function openRuntime(parts: RuntimeParts): Promise<RuntimeContext> {
  const from = await restoreNewest(parts);
  const context = new RuntimeContext(parts, from ?? undefined);
  if (from?.lastAt) context.continueAfter(from.lastAt);
  for await (const entry of parts.journal.read((from?.place.seq ?? 0) + 1)) {
    context.model.apply(entry.record);
    context.continueAfter(entry.record.at);
  }
  context.upkeep = new RuntimeUpkeep(context);
  return context;
}

interface Restored extends RestoredModel {
  readonly place: CheckpointPlace;
}

/** The newest checkpoint that can be used; each that cannot is told of. */
async function restoreNewest(parts: RuntimeParts): Promise<Restored | null> {
  if (!parts.checkpoints) return null;
  for await (const { seq, hash, lines } of parts.checkpoints.newest()) {
    try {
      if (await isOf(parts.journal, { seq, hash })) return { ...restoreModel(lines), place: { seq, hash } };
      parts.note?.(`the checkpoint at entry ${seq} is not of this journal and was passed over`);
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      parts.note?.(`the checkpoint at entry ${seq} was passed over: ${reason}`);
    }
  }
  return null;
}

/** The journal has this very entry. */
async function isOf(journal: Journal, { seq, hash }: CheckpointPlace): Promise<boolean> {
  if (seq > journal.lastSeq) return false;
  for await (const entry of journal.read(seq)) return entry.hash === hash;
  return false;
}

/**
 * Finishes what runs, makes durable what would be slow to recover, and ends machines and substrates. The stores are
 * the composer's to close.
 */
export async function closeRuntime(context: RuntimeContext): Promise<void> {
  context.beginClosing();
  context.upkeep.stop();
  await context.locks.idle();
  try {
    await persistOnClose(context, liveWorlds(context));
    await context.backgroundDone();
    await context.checkpoints?.onClose();
  } finally {
    for (const id of [...context.machines.keys()]) await context.retire(id);
    for (const substrate of context.parts.substrates.values()) await substrate[Symbol.asyncDispose]();
  }
}

function liveWorlds(context: RuntimeContext): World[] {
  return [...context.machines.keys()].map((id) => context.model.world(id));
}
