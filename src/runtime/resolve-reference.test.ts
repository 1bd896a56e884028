import { describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../test/support/test-runtime.js';
import { newWorld, refused, run, triad } from '../../test/support/verbs.js';
import { branch } from './branch.js';
import {
  findBranch,
  findCondition,
  findPlace,
  findSnapshot,
  findState,
  lookUpWorld,
} from './resolve-reference.js';
import { snapshotWorld } from './snapshot-world.js';

const attempt = async <T>(work: () => T): Promise<T> => work();

describe('what a person writes', () => {
  it('finds conditions and branches by prefix, and the world they are of', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { record } = await triad(t, world);
    const { model } = t.context;
    const short = record.conditionId.slice(0, 8);
    expect(findCondition(model, short).id).toBe(record.conditionId);
    expect(findBranch(model, record.branchId.slice(0, 8)).childIds).toHaveLength(3);
    for (const reference of [record.conditionId, short, record.branchId, record.branchId.slice(0, 8)]) {
      expect(lookUpWorld(model, reference)).toBe(world);
    }
    await refused(
      attempt(() => lookUpWorld(model, 'cnd_ZZ')),
      'CONDITION_NOT_FOUND',
      /"cnd_ZZ"/,
    );
    await refused(
      attempt(() => findBranch(model, 'brn_ZZ')),
      'BRANCH_NOT_FOUND',
      /wr branches/,
    );
    const { model: kept } = (await t.reopen()).context;
    expect(findBranch(kept, record.branchId).parentId).toBe(world.id);
  });

  it('finds a state by its world, by itself, or by both', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { nash } = await triad(t, world);
    const { model } = t.context;
    const { record: snapshot } = {
      record: model.snapshot((await snapshotWorld(t.context, nash, 'early', {})).snapshotId),
    };
    await run(t, nash, 'set x 1');
    for (const reference of ['w/nash', 'nash', nash.id]) {
      expect(findPlace(model, reference), reference).toEqual({ world: nash, state: nash.head });
    }
    for (const reference of ['early', '@early', snapshot.id, `nash@${snapshot.id}`, 'nash@early']) {
      const found = findPlace(model, reference);
      expect(found.state, reference).toBe(snapshot.state);
    }
    expect(findPlace(model, `nash@${world.head}`).world, 'as it was named').toBe(nash);
    expect(findPlace(model, nash.head)).toEqual({ world: nash, state: nash.head });
    const namesake = await newWorld(t, 'early');
    expect(findPlace(model, 'early').world).toBe(namesake);
    expect(findPlace(model, '@early').state).toBe(snapshot.state);
    const refusals = [
      ['nobody', 'WORLD_NOT_FOUND', /no world, state or snapshot "nobody"/],
      ['nash@', 'STATE_NOT_FOUND', /no state ""/],
      ['nobody@early', 'WORLD_NOT_FOUND', /"nobody"/],
      ['stt_ZZZZ', 'STATE_NOT_FOUND', /"stt_ZZZZ"/],
      ['wld_000', 'AMBIGUOUS_ID', /matches/],
    ] as const;
    for (const [reference, code, words] of refusals) {
      await refused(
        attempt(() => findPlace(model, reference)),
        code,
        words,
      );
    }
  });

  it('is refused with at most five candidates in words, twenty in the details, and how many there are', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    await branch(t.context, world, { count: 30 }, {});
    const error = await refused(
      attempt(() => lookUpWorld(t.context.model, 'wld_000')),
      'AMBIGUOUS_ID',
      /matches 31 worlds: .*, and 26 more\. Write more of it/,
    );
    expect(error.message.match(/wld_0/g)).toHaveLength(6);
    expect(error.details['matches']).toHaveLength(20);
    expect(error.details['count']).toBe(31);
  });

  it('is no prefix when it has too little of the id, and no id of another kind', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const { snapshotId } = await snapshotWorld(t.context, world, 's', {});
    const { model } = t.context;
    await refused(
      attempt(() => lookUpWorld(model, 'wld_0')),
      'WORLD_NOT_FOUND',
    );
    await refused(
      attempt(() => findSnapshot(model, world.id)),
      'SNAPSHOT_NOT_FOUND',
    );
    expect(findState(model, snapshotId.slice(0, 12))).toBe(world.head);
  });

  it('is a name before it is a prefix', async () => {
    const t = await openTestRuntime();
    const world = await newWorld(t, 'w');
    const odd = await newWorld(t, world.id.slice(0, 10));
    expect(lookUpWorld(t.context.model, world.id.slice(0, 10))).toBe(odd);
  });
});
