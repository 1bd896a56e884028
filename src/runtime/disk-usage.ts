import { liveKeys } from './collect-garbage.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** What one world keeps. */
export interface WorldUsage {
  readonly world: World;
  /** States it made that are known, and how many of them are durable. */
  readonly states: number;
  readonly durable: number;
}

/** What everything takes. Bytes are those on disk. */
export interface UsageReport {
  readonly bytes: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly pages: {
    readonly liveBytes: number;
    readonly garbageBytes: number;
    /** Manifests that no known state needs. */
    readonly garbageManifests: number;
  } | null;
  readonly states: { readonly known: number; readonly durable: number };
  readonly worlds: number;
  /** Those with most states first. */
  readonly top: readonly WorldUsage[];
}

/** Measures what the data directory takes and which worlds have the most states. Reads every manifest. */
export async function diskUsage(context: RuntimeContext, topMax: number): Promise<UsageReport> {
  const { parts, model } = context;
  const kinds = (await parts.diskUsage?.()) ?? {};
  const stored = await parts.pages?.usage();
  const worlds = usageByWorld(context);
  return {
    bytes: Object.values(kinds).reduce((sum, bytes) => sum + bytes, 0),
    kinds,
    pages: stored
      ? {
          liveBytes: stored.liveBytes,
          garbageBytes: stored.bytes - stored.liveBytes,
          garbageManifests: Math.max(0, stored.manifests - liveKeys(context, new Set()).size),
        }
      : null,
    states: {
      known: model.states.size,
      durable: worlds.reduce((sum, { durable }) => sum + durable, 0),
    },
    worlds: model.worldsByName.size,
    top: worlds.sort((a, b) => b.states - a.states).slice(0, topMax),
  };
}

function usageByWorld({ model }: RuntimeContext): WorldUsage[] {
  const counts = new Map<World, { states: number; durable: number }>();
  for (const { origin, durable } of model.states.values()) {
    const world = model.world(origin.worldId);
    const count = counts.get(world) ?? { states: 0, durable: 0 };
    count.states += 1;
    if (durable !== null) count.durable += 1;
    counts.set(world, count);
  }
  return [...counts].map(([world, count]) => ({ world, ...count }));
}
