import { persistOnClose } from './persist-state.js';
import { RuntimeContext, type RuntimeParts } from './runtime-context.js';
import type { World } from './world-model.js';

/**
 * Rebuilds the runtime's memory from the journal. No machine starts here: a world comes to life when something is
 * asked of it.
 *
 * @throws JOURNAL_CORRUPT
 */
export async function openRuntime(parts: RuntimeParts): Promise<RuntimeContext> {
  const context = new RuntimeContext(parts);
  for await (const entry of parts.journal.read()) {
    context.model.apply(entry.record);
    context.continueAfter(entry.record.at);
  }
  return context;
}

/**
 * Finishes what runs, makes durable what would be slow to recover, and ends machines and substrates. The stores are
 * the composer's to close.
 */
export async function closeRuntime(context: RuntimeContext): Promise<void> {
  context.beginClosing();
  await context.locks.idle();
  try {
    await persistOnClose(context, liveWorlds(context));
    await context.backgroundDone();
  } finally {
    for (const id of [...context.machines.keys()]) await context.retire(id);
    for (const substrate of context.parts.substrates.values()) await substrate[Symbol.asyncDispose]();
  }
}

function liveWorlds(context: RuntimeContext): World[] {
  return [...context.machines.keys()].map((id) => context.model.world(id));
}
