import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorldError } from '../../src/model/world-error.js';
import { branch } from '../../src/runtime/branch.js';
import { createWorld } from '../../src/runtime/create-world.js';
import { deleteWorld } from '../../src/runtime/delete-world.js';
import { restoreModel, snapshotModel } from '../../src/runtime/model-snapshot.js';
import { deposit } from '../../src/runtime/move-money.js';
import { pullUp } from '../../src/runtime/pull-up.js';
import { pushDown } from '../../src/runtime/push-down.js';
import { snapshotWorld } from '../../src/runtime/snapshot-world.js';
import { WorldModel } from '../../src/runtime/world-model.js';
import { createVirtualClock } from '../../src/substrates/simulated/index.js';
import { seededRandom } from '../simulation/random.js';
import { askSomething } from '../simulation/verbs.js';
import { memoryJournal } from '../support/memory-journal.js';
import { newDisk, openTestRuntime, type TestDisk, type TestRuntime } from '../support/test-runtime.js';
import { describeModel, named, newWorld, run } from '../support/verbs.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 40);

/** What the journal alone says. */
async function replayed(disk: TestDisk): Promise<WorldModel> {
  const model = new WorldModel();
  for await (const { record } of memoryJournal(disk.lines).read()) model.apply(record);
  return model;
}

/** Equal in every field there is, also in one that was added after this was written. */
function isSame(a: WorldModel, b: WorldModel): boolean {
  const parts = (model: WorldModel): unknown => ({ ...model, ledger: model.ledger.snapshot() });
  return isDeepStrictEqual(parts(a), parts(b));
}

function copyOf(disk: TestDisk): TestDisk {
  const checkpoints = disk.checkpoints.map((one) => ({ ...one, lines: [...one.lines] }));
  return { ...disk, lines: [...disk.lines], checkpoints, archive: disk.archive.copy() };
}

/** A history in which everything a model holds occurs, and a checkpoint that has seen it all. */
async function richDisk(): Promise<{ disk: TestDisk; t: TestRuntime }> {
  const t = await openTestRuntime({ checkpointPace: { entriesMin: 1e9, journalBytes: 1e9 } });
  await newWorld(t, 'w', { metadata: { note: 'x' } });
  await deposit(t.context, named(t, 'w'), { token: 'GOLD', amount: '100' }, {});
  await run(t, named(t, 'w'), 'set x 1\nreport cost 3/2 value -1\ntransfer bob GOLD 7');
  await snapshotWorld(t.context, named(t, 'w'), 'first', {});
  await createWorld(t.context, { snapshot: 'first', name: 'fork' }, {});
  await createWorld(t.context, { snapshot: 'first', name: 'apart', detached: true }, {});
  await branch(t.context, named(t, 'w'), { count: 2 }, {});
  await run(t, named(t, 'w/1'), 'add x 1');
  await pushDown(t.context, named(t, 'w'), {}, {});
  await run(t, named(t, 'w/nash'), 'report cost 2\ntransfer bob GOLD 5');
  await pullUp(t.context, named(t, 'w'), { oracle: 'manual', outcome: 'nash' }, {});
  await pushDown(t.context, named(t, 'w'), {}, {});
  await deleteWorld(t.context, named(t, 'fork'), {});
  const place = await t.context.checkpoints?.write();
  expect(place?.seq).toBe(t.journal.lastSeq);
  await newWorld(t, 'later');
  t.abandon();
  return { disk: t.disk, t };
}

describe('memory from a checkpoint and the entries after it', () => {
  it('equals memory from the whole journal, for any history that ends anywhere', async () => {
    let checkpoints = 0;
    const step = fc.record({
      seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      after: fc.constantFrom('nothing', 'nothing', 'nothing', 'crash', 'reopen'),
    });
    const same = fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
      async (steps) => {
        let t = await openTestRuntime();
        for (const [index, { seed, after }] of steps.entries()) {
          const { signal } = new AbortController();
          const asking = { t, random: seededRandom(seed), tag: `op${index}`, signal };
          await askSomething(asking).answer.catch((thrown: unknown) => {
            if (!(thrown instanceof WorldError)) throw thrown;
          });
          if (after !== 'nothing') t = await t[after]();
        }
        t.abandon();
        // Each checkpoint that is there, alone.
        for (const checkpoint of t.disk.checkpoints) {
          const opened = await openTestRuntime({ disk: { ...copyOf(t.disk), checkpoints: [checkpoint] } });
          expect(opened.notes).toEqual([]);
          const whole = await replayed(t.disk);
          expect(describeModel(opened.context.model)).toEqual(describeModel(whole));
          expect(isSame(opened.context.model, whole)).toBe(true);
          checkpoints += 1;
        }
      },
    );
    // fast-check prints seed and path of a failure.
    await fc.assert(same, { numRuns: RUNS });
    expect(checkpoints).toBeGreaterThan(RUNS / 2);
  });

  it('is what the lines say: a model written down and read again is the same, line for line', async () => {
    const { disk } = await richDisk();
    const model = await replayed(disk);
    const lines = [...snapshotModel(model, '2026-01-01T00:00:00.000001Z')];
    const { model: again, lastAt } = restoreModel(lines);
    expect(isSame(again, model)).toBe(true);
    expect(lastAt).toBe('2026-01-01T00:00:00.000001Z');
    expect([...snapshotModel(again, lastAt)]).toEqual(lines);
    expect(isSame(restoreModel(snapshotModel(new WorldModel(), null)).model, new WorldModel())).toBe(true);
  });

  it('was written down in one moment, whatever happens before the lines are taken', async () => {
    const { disk } = await richDisk();
    const model = new WorldModel();
    const taken: { lines: Iterable<string>; expected: string[] }[] = [];
    for await (const { record } of memoryJournal(disk.lines).read()) {
      model.apply(record);
      taken.push({ lines: snapshotModel(model, null), expected: [...snapshotModel(model, null)] });
    }
    for (const { lines, expected } of taken) expect([...lines]).toEqual(expected);
  });
});

type Fields = Record<string, unknown>;
const world = (change: (world: Fields) => void) => (row: Fields) =>
  row['kind'] === 'world' && change(row['world'] as Fields);
const state = (change: (state: Fields) => void) => (row: Fields) =>
  row['kind'] === 'state' && change(row['state'] as Fields);
const execution = (change: (execution: Fields) => void) =>
  state(({ origin }) => {
    const { execution: one } = origin as Fields;
    if (one) change(one as Fields);
  });
const snapshot = (change: (snapshot: Fields) => void) => (row: Fields) =>
  row['kind'] === 'snapshot' && change(row['snapshot'] as Fields);
const condition = (change: (condition: Fields) => void) => (row: Fields) =>
  row['kind'] === 'condition' && change(row['condition'] as Fields);
const ledger = (part: string) => (row: Fields) =>
  row['kind'] === 'ledger' && row['part'] === part && (row['entries'] as unknown[]).pop();

/** What a faulty checkpoint could get wrong. */
const PLANTED: Record<string, (row: Fields) => unknown> = {
  'a name': world((one) => (one['name'] = 'other')),
  'a time of birth': world((one) => (one['createdAt'] = '2020-01-01T00:00:00.000000Z')),
  'a status': world((one) => (one['status'] = 'stopped')),
  'a head': world((one) => (one['head'] = (one['heads'] as string[])[0])),
  'an identity': world((one) => ((one['identities'] as Fields[]).at(-1)!['seed'] = '5')),
  'a generation': world((one) => (one['identities'] as Fields[]).splice(1)),
  'a verse': world((one) => (one['verseId'] = 'vrs_00000000000000000000000000000000')),
  'a child': world((one) => (one['childIds'] as string[]).pop()),
  'an open condition': world((one) => (one['openCondition'] = null)),
  'an outcome': world((one) => one['outcome'] && Object.assign(one['outcome'] as Fields, { index: 9 })),
  'a report': world((one) => (one['report'] = null)),
  'a count of executions': world((one) => (one['executions'] = 77)),
  'a history of heads': world((one) => (one['heads'] as string[]).splice(1)),
  'seeds drawn': world((one) => (one['seedsDrawn'] = 0)),
  'a durable state': state((one) => (one['durable'] = null)),
  code: execution((one) => (one['code'] = 'x')),
  'a clock': execution((one) => (one['clockNs'] = '7')),
  'a digest': execution((one) => (one['resultDigest'] = 'x')),
  'a balance that code saw': execution((one) => (one['balances'] = { GOLD: '1' })),
  'worlds of a fork': snapshot((one) => (one['forked'] = 9)),
  'a fork row': snapshot((one) => (one['forkBranchId'] = null)),
  'a name of a snapshot': snapshot((one) => (one['name'] = 'x')),
  'a condition': condition((one) => (one['status'] = 'void')),
  'a probability': condition((one) => ((one['outcomes'] as Fields[])[0]!['probability'] = '1')),
  'a balance': ledger('balances'),
  'an escrow': ledger('escrow'),
  'a condition of the ledger': ledger('conditions'),
};

describe('a checkpoint that is wrong (planted)', () => {
  it.each(Object.entries(PLANTED))('is noticed: %s', async (_, change) => {
    const { disk } = await richDisk();
    const whole = await replayed(disk);
    const [checkpoint] = disk.checkpoints;
    const rows = checkpoint!.lines.map((line) => JSON.parse(line) as Fields);
    for (const row of rows) change(row);
    const lines = rows.map((row) => JSON.stringify(row));
    expect(lines, 'the fault is really there').not.toEqual(checkpoint!.lines);
    const faulty = { ...copyOf(disk), checkpoints: [{ ...checkpoint!, lines }] };
    const opened = await openTestRuntime({ disk: faulty }).catch(() => null);
    // Used as it is (its checksum would be right), and then memory is another; or not understood, and then said.
    if (opened && opened.notes.length === 0) expect(isSame(opened.context.model, whole)).toBe(false);
  });

  it('is passed over with a note when it is cut, reordered, of another version, or of another journal', async () => {
    const { disk } = await richDisk();
    const whole = await replayed(disk);
    const [checkpoint] = disk.checkpoints;
    const { lines } = checkpoint!;
    for (const wrong of [
      { lines: lines.slice(0, -1) },
      { lines: lines.toSpliced(3, 1) },
      { lines: lines.slice(1) },
      { lines: [...lines, lines.at(-1)!] },
      { lines: [] },
      { lines: ['{', ...lines] },
      { lines: [lines[0]!.replace(/"version":\d+/, '"version":9999'), ...lines.slice(1)] },
      { hash: 'a'.repeat(64) },
      { seq: checkpoint!.seq - 1 },
      { seq: checkpoint!.seq + 1000 },
    ]) {
      const faulty = { ...copyOf(disk), checkpoints: [{ ...checkpoint!, ...wrong }] };
      const opened = await openTestRuntime({ disk: faulty });
      expect(opened.notes.join(), JSON.stringify(wrong).slice(0, 80)).toMatch(/passed over/);
      expect(isSame(opened.context.model, whole)).toBe(true);
    }
  });

  it('gives way to an older one that is right', async () => {
    const { disk } = await richDisk();
    const [older] = disk.checkpoints;
    const newer = { ...older!, seq: older!.seq + 1 };
    const opened = await openTestRuntime({ disk: { ...copyOf(disk), checkpoints: [older!, newer] } });
    expect(opened.notes).toHaveLength(1);
    expect(isSame(opened.context.model, await replayed(disk))).toBe(true);
  });
});

describe('writing checkpoints', () => {
  it('keeps up with the journal, not with each entry, and is done on close', async () => {
    const t = await openTestRuntime({ checkpointPace: { entriesMin: 10, entriesShare: 0 } });
    await newWorld(t, 'w');
    const seen = new Set<number>();
    for (let n = 0; n < 60; n += 1) {
      await run(t, named(t, 'w'), `set x ${n}`);
      for (const { seq } of t.disk.checkpoints) seen.add(seq);
    }
    expect(seen.size).toBeGreaterThanOrEqual(4);
    expect(seen.size).toBeLessThanOrEqual(8);
    await t.close();
    const last = t.disk.checkpoints.at(-1)?.seq ?? 0;
    expect(t.disk.lines.length - last).toBeLessThan(512);
  });

  it('takes longer pauses for a larger model', async () => {
    const t = await openTestRuntime({ checkpointPace: { entriesMin: 4, entriesShare: 0.5 } });
    await newWorld(t, 'w');
    const seen = new Set<number>();
    for (let n = 0; n < 100; n += 1) {
      await run(t, named(t, 'w'), `set x ${n}`);
      for (const { seq } of t.disk.checkpoints) seen.add(seq);
    }
    // Each one waits until half of the rows are new: the distances double.
    expect([...seen].length).toBeLessThanOrEqual(7);
    expect([...seen].length).toBeGreaterThanOrEqual(3);
  });

  it('never writes what is not durable, nor after the journal failed', async () => {
    let fail = false;
    const t = await openTestRuntime({
      journal: { failAt: () => (fail ? 'lost' : undefined) },
      checkpointPace: { entriesMin: 1, entriesShare: 0, entriesMinOnClose: 1 },
    });
    await newWorld(t, 'w');
    await t.context.backgroundDone();
    fail = true;
    await expect(newWorld(t, 'v')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await expect(t.context.checkpoints?.write()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await t.close().catch(() => {});
    for (const { seq } of t.disk.checkpoints) expect(seq).toBeLessThanOrEqual(t.disk.lines.length);
    expect(t.notes.join()).toMatch(/no checkpoint was written/);
  });

  it('time goes on from the checkpoint when the clock was set back between two processes', async () => {
    const disk = newDisk();
    const t = await openTestRuntime({ disk });
    for (let n = 0; n < 12; n += 1) await newWorld(t, `w${n}`);
    await t.close();
    const last = disk.checkpoints.at(-1)!;
    expect(last.seq).toBe(disk.lines.length);
    const behind: TestDisk = { ...disk, clock: createVirtualClock() };
    const again = await openTestRuntime({ disk: behind });
    expect(again.notes).toEqual([]);
    const before = again.context.lastAt() ?? '';
    await newWorld(again, 'later');
    const times = disk.lines.map((line) => (JSON.parse(line) as { record: { at: string } }).record.at);
    expect(times.at(-1)! > before).toBe(true);
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? ''))).toBe(true);
  });
});
