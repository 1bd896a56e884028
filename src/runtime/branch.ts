import { defaultTrits, gf3Sum, requireBalanced, type Trit } from '../model/trit.js';
import { WorldError } from '../model/world-error.js';
import type { RecordOf } from '../ports/journal-record.js';
import type { Wait } from '../ports/substrate.js';
import type { RuntimeContext } from './runtime-context.js';
import { startChildren } from './start-children.js';
import type { ChildSpec } from './world-births.js';
import type { World } from './world-model.js';

export interface BranchRequest {
  /** Number of children; default 3, or as many as named. */
  readonly count?: number;
  readonly children?: readonly { readonly name: string; readonly trit?: Trit | undefined }[];
  readonly commonRandomNumbers?: boolean;
}

export type Branched<Op extends 'world.branched' | 'world.pushed-down'> = RecordOf<Op> & {
  readonly branchTimeMs: number;
};

const COUNT_DEFAULT = 3;

/**
 * Starts new worlds from the head of `parent`, which goes on. They stay in its verse, each with a new and empty
 * account: branching never copies money. A frozen parent can be branched too.
 *
 * @throws TRITS_UNBALANCED, BAD_INPUT, WORLD_COLLAPSED, WORLD_DELETED
 */
export async function branch(
  context: RuntimeContext,
  parent: World,
  request: BranchRequest,
  wait: Wait,
): Promise<Branched<'world.branched'>> {
  return context.locks.hold(
    [parent.id],
    async () => {
      context.requireOpen();
      requireBranchable(parent);
      const specs = childSpecs(context, parent, request);
      const how = {
        specs,
        entityType: parent.birth.entityType === 'microvm' ? ('microvm' as const) : ('sandbox' as const),
        commonRandomNumbers: request.commonRandomNumbers ?? false,
        wait,
      };
      return startChildren(context, parent, how, async (children) => {
        const record: RecordOf<'world.branched'> = {
          op: 'world.branched',
          at: context.at(),
          branchId: context.parts.ids.next('branch'),
          parentId: parent.id,
          state: parent.head,
          children: children.births,
          gf3Sum: gf3Sum(specs.map(({ trit }) => trit)),
          snapshotTimeMs: children.snapshotTimeMs,
          metrics: children.metrics,
        };
        await context.commit(record);
        return { ...record, branchTimeMs: children.branchTimeMs };
      });
    },
    wait.signal,
  );
}

/** @throws WORLD_COLLAPSED, WORLD_DELETED: only running and frozen worlds have children. */
function requireBranchable(world: World): void {
  if (world.status === 'running' || world.status === 'snapshotted') return;
  if (world.status === 'deleted') throw new WorldError('WORLD_DELETED', `World ${world.name} was deleted.`);
  throw new WorldError(
    'WORLD_COLLAPSED',
    `World ${world.name} is ${world.status} and cannot be branched. Snapshot it and create a detached world from that.`,
    { details: { world: world.id, status: world.status } },
  );
}

function childSpecs(context: RuntimeContext, parent: World, request: BranchRequest): ChildSpec[] {
  const named = request.children;
  if (named && request.count !== undefined && request.count !== named.length) {
    throw new WorldError(
      'BAD_INPUT',
      `${request.count} children were asked for but ${named.length} are named.`,
    );
  }
  const count = named?.length ?? request.count ?? COUNT_DEFAULT;
  const defaults = defaultTrits(count);
  const someGiven = named?.some((child) => child.trit !== undefined) ?? false;
  if (someGiven && named?.some((child) => child.trit === undefined)) {
    throw new WorldError('BAD_INPUT', 'Give every child a trit, or none: some have one and some do not.');
  }
  const identity = context.model.identity(parent);
  const specs = Array.from({ length: count }, (_, index): ChildSpec => {
    const child = named?.[index];
    return {
      name: `${parent.name}/${child?.name ?? index + 1}`,
      verse: child?.name ?? identity.verse,
      trit: child?.trit ?? defaults[index] ?? 0,
      probability: identity.probability,
      verseId: parent.verseId,
      account: null,
    };
  });
  requireBalanced(specs.map(({ trit }) => trit));
  return specs;
}
