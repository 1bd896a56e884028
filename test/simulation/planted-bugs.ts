import type { StateId } from '../../src/model/ids.js';
import type { WorldError } from '../../src/model/world-error.js';
import type { LedgerOp } from '../../src/multiverse/index.js';
import type { JournalRecord } from '../../src/ports/journal-record.js';
import type { DurableState, Machine, Substrate } from '../../src/ports/substrate.js';
import type { RuntimeContext } from '../../src/runtime/runtime-context.js';
import type { WorldModel } from '../../src/runtime/world-model.js';
import type { TestRuntimeOptions } from '../support/test-runtime.js';

type Planted = (options: TestRuntimeOptions) => TestRuntimeOptions;

/** A substrate whose machines are others than they should be. */
function machines(change: (machine: Machine) => Machine): Planted {
  return substrates((substrate) => ({
    ...substrate,
    boot: async (...given) => change(await substrate.boot(...given)),
    restore: async (...given) => change(await substrate.restore(...given)),
  }));
}

function substrates(wrap: (substrate: Substrate) => Substrate): Planted {
  return (options) => ({ ...options, wrap });
}

/** A runtime that commits other records than its verbs made. */
function records(change: (record: JournalRecord, context: RuntimeContext) => JournalRecord): Planted {
  return (options) => ({
    ...options,
    tamper(context) {
      const { commit } = context;
      context.commit = (record) => commit.call(context, change(record, context));
    },
  });
}

/** Forgets more than was planned: what `pick` finds. */
function forgetsAlso(pick: (model: WorldModel) => string | undefined): Planted {
  return (options) => ({
    ...options,
    tamper(context) {
      const { commit } = context;
      context.commit = (record) => {
        const more = record.op === 'states.forgotten' ? pick(context.model) : undefined;
        if (record.op !== 'states.forgotten' || more === undefined) return commit.call(context, record);
        return commit.call(context, { ...record, states: [...new Set([...record.states, more as StateId])] });
      };
    },
  });
}

function executing(
  execute: (machine: Machine, ...given: Parameters<Machine['execute']>) => ReturnType<Machine['execute']>,
): Planted {
  return machines((machine) => ({
    ...machine,
    execute: (...given) => execute(machine, ...given),
  }));
}

/** Gives back, in memory, what was transferred, where whoever got it still has it. */
function undo({ ledger }: WorldModel, ops: readonly LedgerOp[]): void {
  for (const op of ops) {
    if (op.kind !== 'transfer') continue;
    const { verse, from, to, token, amount } = op;
    if (from === to || !ledger.verse(verse).live || ledger.balance(verse, to, token) < BigInt(amount))
      continue;
    ledger.applyAll([{ kind: 'transfer', by: '@system', verse, from: to, to: from, token, amount }]);
  }
}

/** What could go wrong, one thing at a time. The simulation must notice each. */
export const PLANTED_BUGS: Readonly<Record<string, Planted>> = {
  'the journal answers before it is durable': (options) => ({
    ...options,
    journal: { ...options.journal, acknowledgesEarly: true },
  }),
  'what runs into its timeout is not rolled back': executing(async (machine, request, sink, wait) => {
    try {
      return await machine.execute(request, sink, wait);
    } catch (thrown) {
      if ((thrown as WorldError).code === 'EXECUTION_TIMEOUT') {
        await machine
          .execute({ ...request, code: request.code.replace('\nhang', '') }, sink, {})
          .catch(() => {});
      }
      throw thrown;
    }
  }),
  'an execution runs twice now and then': executing(async (machine, request, sink, wait) => {
    const result = await machine.execute(request, sink, wait);
    if (!request.code.includes('7\nget x') || !result.ok) return result;
    return machine.execute(request, sink, wait);
  }),
  'code run again answers the same and leaves another memory behind': (options) => {
    let runs = 0;
    return executing((machine, request, sink, wait) => {
      runs += 1;
      return machine.execute({ ...request, code: `set hidden ${runs}\n${request.code}` }, sink, wait);
    })(options);
  },
  'code that raises keeps its effects': executing(async (machine, request, sink, wait) => {
    const result = await machine.execute(request, sink, wait);
    if (result.error?.message !== 'on purpose') return result;
    return { ...result, effects: [{ kind: 'report', cost: '1' }] };
  }),
  'siblings share one machine': substrates((substrate) => {
    const shared = new Map<string, Machine>();
    return {
      ...substrate,
      async restore(state, identity, wait) {
        const machine = shared.get(state.key) ?? (await substrate.restore(state, identity, wait));
        shared.set(state.key, machine);
        return { ...machine, [Symbol.asyncDispose]: async () => {} };
      },
    };
  }),
  'a durable state is the one persisted before it': substrates((substrate) => {
    let last: DurableState | null = null;
    return {
      ...substrate,
      async persist(state, wait) {
        const durable = await substrate.persist(state, wait);
        const answer = last ?? durable;
        last = durable;
        return answer;
      },
    };
  }),
  'the head of a world is forgotten': forgetsAlso(
    ({ worlds }) => [...worlds.values()].find(({ status }) => status !== 'deleted')?.head,
  ),
  'the state of a snapshot is forgotten': forgetsAlso(
    ({ snapshots }) => [...snapshots.values()].at(-1)?.state,
  ),
  'what a kept state is replayed from is forgotten': forgetsAlso(({ states, worlds, snapshots }) => {
    const heads = new Set([...worlds.values()].map(({ head }) => head));
    for (const { state } of snapshots.values()) heads.add(state);
    for (const { origin, durable } of states.values()) {
      if (durable || origin.kind !== 'execution' || heads.has(origin.execution.parentState)) continue;
      if (states.has(origin.execution.parentState)) return origin.execution.parentState;
    }
    return undefined;
  }),
  'a collection forgets a world that made a state': records((record, { model }) => {
    if (record.op !== 'worlds.forgotten') return record;
    const made = new Set([...model.states.values()].map(({ origin }) => origin.worldId));
    const more = [...model.worlds.values()].find(({ id, status, childIds }) => {
      return status === 'deleted' && made.has(id) && childIds.length === 0;
    });
    return more ? { ...record, worlds: [...new Set([...record.worlds, more.id])] } : record;
  }),
  'a collection does not know what is alive': substrates((substrate) => ({
    ...substrate,
    durableKeys: () => [],
  })),
  'a collection takes what was written while it ran': (options) => {
    if (options.disk) options.disk.archive.forgetsOrder = true;
    return options;
  },
  'the winner’s balances are not merged': records((record) => {
    if (record.op !== 'world.pulled-up') return record;
    return { ...record, ledger: record.ledger.filter(({ kind }) => kind !== 'merge') };
  }),
  'worlds below a loser go on': records((record) => {
    if (record.op !== 'world.pulled-up') return record;
    return { ...record, collapsed: record.collapsed.filter((id) => record.verses.includes(id)) };
  }),
  'worlds beside the winner stay behind': records((record) => {
    return record.op === 'world.pulled-up' ? { ...record, rehomed: [] } : record;
  }),
  'a push-down splits nothing': records((record) => {
    if (record.op !== 'world.pushed-down') return record;
    return { ...record, ledger: record.ledger.filter(({ kind }) => kind !== 'split') };
  }),
  'a rewind takes back what the world has moved': (options) => ({
    ...options,
    tamper(context) {
      const { commit, model } = context;
      const done: { readonly world: string; readonly state: StateId; readonly ops: readonly LedgerOp[] }[] =
        [];
      context.commit = (record) => {
        const committed = commit.call(context, record);
        if (record.op === 'world.executed' && record.state) {
          done.push({ world: record.worldId, state: record.state, ops: record.ledger });
        }
        if (record.op === 'world.rewound') {
          const to = done.findIndex(({ state }) => state === record.to);
          for (const { world, ops } of done.slice(to + 1)) if (world === record.worldId) undo(model, ops);
        }
        return committed;
      };
    },
  }),
  'a transfer is made twice': records((record, { model }) => {
    const [op] = record.op === 'ledger.applied' ? record.ledger : [];
    if (record.op !== 'ledger.applied' || op?.kind !== 'transfer' || op.from === op.to) return record;
    const twice = { ...record, ledger: [op, op] };
    try {
      model.ledger.check(twice.ledger);
    } catch {
      return record;
    }
    // The journal has it once, memory twice.
    model.ledger.applyAll([op]);
    return record;
  }),
  'a removed snapshot stays': (options) => ({
    ...options,
    tamper(context) {
      const { commit } = context;
      context.commit = async (record) => {
        const before = new Map(context.model.snapshots);
        const committed = commit.call(context, record);
        const removed = record.op === 'snapshot.removed' ? before.get(record.snapshotId) : undefined;
        if (removed) context.model.snapshots.set(removed.id, removed);
        return committed;
      };
    },
  }),
  'what was put into a world is not there': records((record) => {
    if (record.op !== 'world.files-edited') return record;
    const changes = record.changes.map((change) =>
      change.kind === 'written' ? { ...change, sizeBytes: (change.sizeBytes ?? 0) + 1 } : change,
    );
    return { ...record, changes };
  }),
  'an image goes although it is needed': (options) => ({
    ...options,
    tamper(context) {
      const { commit } = context;
      context.commit = async (record) => {
        await commit.call(context, record);
        const image = record.op === 'world.created' ? record.world.image : undefined;
        if (!image) return;
        for (const { name, hash, imageId } of [...context.model.images.values()]) {
          if (hash !== image.hash) continue;
          await commit.call(context, { op: 'image.removed', at: context.at(), imageId, name, hash });
        }
      };
    },
  }),
  'two children share a seed': records((record) => {
    if (record.op !== 'world.branched') return record;
    const [first] = record.children;
    const children = record.children.map((child) => ({ ...child, identity: first!.identity }));
    return { ...record, children };
  }),
};
