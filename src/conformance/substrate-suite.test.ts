import { createHash } from 'node:crypto';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { WorldError } from '../model/world-error.js';
import type { BranchIdentity, Machine, StateRef, Substrate, Wait } from '../ports/substrate.js';
import { createSimulatedSubstrate, createVirtualClock } from '../substrates/simulated/index.js';
import { SUBSTRATE_CASES, simulatedDialect, substrateSuite } from './index.js';
import type { CaseContext, TestRunner } from './runner.js';

/** Everything a broken substrate is built around. */
interface Healthy {
  readonly inner: Substrate;
  readonly archive: Map<string, string>;
}
type Break = (healthy: Healthy) => Partial<Substrate>;

/** A runner of our own: it runs every test and keeps the names of those that failed. */
async function failuresOf(broken: Break): Promise<string[]> {
  const tests: [name: string, run: (context: CaseContext) => Promise<void>][] = [];
  const runner: TestRunner = { test: (name, run) => tests.push([name, run]), expect };
  const clock = createVirtualClock();
  const archive = new Map<string, string>();
  const make = async (): Promise<Substrate> => {
    const inner = createSimulatedSubstrate({ clock, archive });
    return { ...inner, ...broken({ inner, archive }) };
  };
  substrateSuite(runner, make, { dialect: simulatedDialect, depth: 3 });
  const failed: string[] = [];
  for (const [name, run] of tests) {
    await run({ skip: () => undefined }).catch(() => failed.push(name));
  }
  return failed;
}

/** Breaks every machine that the substrate gives out. */
function breakMachines(
  { inner }: Healthy,
  change: (machine: Machine, identity: BranchIdentity) => Partial<Machine>,
): Partial<Substrate> {
  const wrap = (machine: Machine, identity: BranchIdentity): Machine => ({
    ...machine,
    ...change(machine, identity),
  });
  return {
    boot: async (spec, identity, wait) => wrap(await inner.boot(spec, identity, wait), identity),
    restore: async (state, identity, wait) => wrap(await inner.restore(state, identity, wait), identity),
  };
}

const sharesMachines: Break = ({ inner }) => {
  const shared = new Map<string, Machine>();
  return {
    async restore(state: StateRef, identity: BranchIdentity, wait: Wait) {
      const machine = shared.get(state.key) ?? (await inner.restore(state, identity, wait));
      shared.set(state.key, machine);
      return { ...machine, [Symbol.asyncDispose]: async () => undefined };
    },
  };
};

const neverRekeys: Break = ({ inner }) => {
  const first = new Map<string, BranchIdentity>();
  const remember = (machine: Machine, identity: BranchIdentity): Machine => ({
    ...machine,
    async snapshot(wait) {
      const state = await machine.snapshot(wait);
      first.set(state.key, identity);
      return state;
    },
  });
  return {
    boot: async (spec, identity, wait) => remember(await inner.boot(spec, identity, wait), identity),
    async restore(state, identity, wait) {
      const kept = first.get(state.key) ?? identity;
      return remember(await inner.restore(state, kept, wait), kept);
    },
  };
};

const commitsOnTimeout: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    async execute(request, sink, wait) {
      try {
        return await machine.execute(request, sink, wait);
      } catch (thrown) {
        const code = request.code.replace(/^hang$/m, '');
        if (thrown instanceof WorldError && thrown.code === 'EXECUTION_TIMEOUT') {
          await machine.execute({ ...request, code }, { write: () => undefined }, wait);
        }
        throw thrown;
      }
    },
  }));

const losesVariableInStorage: Break = ({ inner, archive }) => ({
  async persist(state, wait) {
    const durable = await inner.persist(state, wait);
    const stored = JSON.parse(archive.get(String(durable.data['digest'])) ?? '{}') as {
      variables: unknown[];
    };
    stored.variables.pop();
    const text = JSON.stringify(stored);
    const digest = createHash('sha256').update(text).digest('hex');
    archive.set(digest, text);
    return { ...durable, data: { ...durable.data, digest } };
  },
});

const rekeysOnReopening: Break = ({ inner }) => {
  let reopened = 1000;
  return {
    restore(state, identity, wait) {
      reopened += 1;
      return inner.restore(state, { ...identity, generation: reopened }, wait);
    },
  };
};

const ignoresCommonRandomNumbers: Break = ({ inner }) => ({
  restore: (state, identity, wait) => inner.restore(state, { ...identity, commonRandomNumbers: false }, wait),
});

const alwaysCommonRandomNumbers: Break = ({ inner }) => ({
  restore: (state, identity, wait) => inner.restore(state, { ...identity, commonRandomNumbers: true }, wait),
});

const keepsEffectsOfExceptions: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    async execute(request, sink, wait) {
      const result = await machine.execute(request, sink, wait);
      return result.ok ? result : { ...result, effects: [{ kind: 'report', cost: '1' }] };
    },
  }));

const doesNotStream: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    execute: (request, _sink, wait) => machine.execute(request, { write: () => undefined }, wait),
  }));

const neverCutsOutput: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    execute: (request, sink, wait) =>
      machine.execute({ ...request, limits: { ...request.limits, outputBytes: 1e9 } }, sink, wait),
  }));

const forgetsBalances: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    execute: (request, sink, wait) => machine.execute({ ...request, balances: {} }, sink, wait),
  }));

const stopsTheClock: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    execute: (request, sink, wait) => machine.execute({ ...request, clockNs: 0n }, sink, wait),
  }));

const ignoresAborts: Break = (healthy) =>
  breakMachines(healthy, (machine) => ({
    execute: (request, sink) => machine.execute(request, sink, {}),
  }));

const dropsUncommittedSnapshot: Break = (healthy) =>
  breakMachines(healthy, (machine) => {
    let first: StateRef | undefined;
    return {
      async snapshot(wait) {
        first ??= await machine.snapshot(wait);
        return first;
      },
    };
  });

const discardsEverything: Break = ({ inner }) => {
  const keys = new Set<string>();
  return {
    ...breakMachines({ inner, archive: new Map() }, (machine) => ({
      async snapshot(wait) {
        const state = await machine.snapshot(wait);
        keys.add(state.key);
        return state;
      },
    })),
    async discard() {
      for (const key of keys) await inner.discard({ substrate: 'simulated', key, root: null });
    },
  };
};

const editsInPlace: Break = ({ inner }) => {
  const moved = new Map<string, StateRef>();
  const now = (state: StateRef): StateRef => moved.get(state.key) ?? state;
  return {
    restore: (state, identity, wait) => inner.restore(now(state), identity, wait),
    readFile: (state, ...rest) => inner.readFile(now(state), ...rest),
    listFiles: (state, ...rest) => inner.listFiles(now(state), ...rest),
    async editFiles(state, ...rest) {
      const edited = await inner.editFiles(now(state), ...rest);
      moved.set(state.key, edited.state);
      return edited;
    },
  };
};

const ignoresBounds: Break = ({ inner }) => ({
  editFiles: (state, edits, how, wait) =>
    inner.editFiles(state, edits, { ...how, bounds: { fileBytes: 1e9, files: 1e6 } }, wait),
});

const appendsNothing: Break = ({ inner }) => ({
  editFiles: (state, edits, ...rest) =>
    inner.editFiles(
      state,
      edits.filter((edit) => !('append' in edit && edit.append)),
      ...rest,
    ),
});

const stopsAtFirstBadEdit: Break = ({ inner }) => ({
  editFiles: (state, edits, ...rest) =>
    inner.editFiles(state, edits, ...rest).catch(() => inner.editFiles(state, edits.slice(0, 1), ...rest)),
});

const forgetsWhereAListingWas: Break = ({ inner }) => ({
  async listFiles(state, { after, ...request }, wait) {
    const listing = await inner.listFiles(state, request, wait);
    return after === undefined ? listing : { ...listing, more: false };
  },
});

const losesPutFiles: Break = ({ inner, archive }) => ({
  async persist(state, wait) {
    const durable = await inner.persist(state, wait);
    const stored = JSON.parse(archive.get(String(durable.data['digest'])) ?? '{}') as { files: unknown[] };
    stored.files = [];
    const text = JSON.stringify(stored);
    const digest = createHash('sha256').update(text).digest('hex');
    archive.set(digest, text);
    return { ...durable, data: { ...durable.data, digest } };
  },
});

const findsAllMemoryEqual: Break = () => ({ compare: async () => ({ pagesDiffering: 0, pagesTotal: 1 }) });

/** As one would who looks at sizes only. */
const comparesFilesBySize: Break = ({ inner }) => ({
  async compareFiles(before, after, request, wait) {
    const found = await inner.compareFiles(before, after, request, wait);
    const seen = found.differences.filter(({ before: was, after: is }) => was?.sizeBytes !== is?.sizeBytes);
    return { ...found, differences: seen };
  },
});

const neverDiscards: Break = () => ({ discard: async () => undefined });

/** Each defect, and a case that must notice it. */
const PLANTED: readonly (readonly [defect: string, broken: Break, noticedBy: RegExp])[] = [
  ['state leaks between siblings', sharesMachines, /siblings, parent and late children see none/],
  ['a branch is not given its identity', neverRekeys, /each child has its own id/],
  ['a timeout commits', commitsOnTimeout, /takes too long is stopped and rolled back/],
  ['storage loses a variable', losesVariableInStorage, /variables and files survive storage/],
  ['reopening rekeys', rekeysOnReopening, /reopening continues them/],
  ['common random numbers are ignored', ignoresCommonRandomNumbers, /children share the stream/],
  ['siblings share their random stream', alwaysCommonRandomNumbers, /draw different random values/],
  ['effects of an exception come out', keepsEffectsOfExceptions, /an exception drops the effects/],
  ['output is not streamed', doesNotStream, /output arrives in the order/],
  ['output is never cut', neverCutsOutput, /a flood of output is cut/],
  ['balances do not reach the guest', forgetsBalances, /balances are what the request says/],
  ['the guest has no clock', stopsTheClock, /clock follows the host's/],
  ['abort signals are ignored', ignoresAborts, /aborted before runs nothing/],
  ['a later snapshot is the first one again', dropsUncommittedSnapshot, /every state stays what it was/],
  ['files are compared by their sizes', comparesFilesBySize, /in which files two states differ/],
  ['discarding one state discards all', discardsEverything, /discarding a state hurts neither/],
  ['edited files show in the state before', editsInPlace, /only in the state that has them/],
  ['limits of files are ignored', ignoresBounds, /more files or bytes/],
  ['appending does nothing', appendsNothing, /content grows by appending/],
  ['an edit is done halfway', stopsAtFirstBadEdit, /refused by name and changes nothing/],
  ['a listing does not go on', forgetsWhereAListingWas, /a long listing comes in parts/],
  ['files put in are not stored', losesPutFiles, /files put in survive storage/],
  ['all memory counts as equal', findsAllMemoryEqual, /how much memory differs/],
  ['discarding does nothing', neverDiscards, /a discarded state cannot be restored/],
];

describe('the substrate suite', () => {
  test('finds nothing wrong with a healthy substrate', async () => {
    expect(await failuresOf(() => ({}))).toEqual([]);
  });

  test.each(PLANTED)('notices that %s', async (_defect, broken, noticedBy) => {
    const failures = await failuresOf(broken);
    expect(failures.filter((name) => noticedBy.test(name)).length, failures.join('\n')).toBeGreaterThan(0);
  });

  test('has no two cases of one name', () => {
    const names = SUBSTRATE_CASES.map((known) => known.name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test('refuses an exception for a case that does not exist', () => {
    const register = () =>
      substrateSuite(
        { test: () => undefined, expect },
        async () => createSimulatedSubstrate({ clock: createVirtualClock() }),
        {
          except: { 'no such promise': 'because' },
        },
      );
    expect(register).toThrow('no such conformance case: no such promise');
  });

  test('skips a case that is excepted, with its reason', async () => {
    const name = 'a world knows who it is';
    const skipped: string[] = [];
    const runs: (() => Promise<void>)[] = [];
    const context = { skip: (reason: string) => skipped.push(reason) };
    const runner: TestRunner = {
      expect,
      test: (title, run) => title.includes(name) && runs.push(() => run(context)),
      afterAll: (close) => afterAll(close),
    };
    const make = async () => createSimulatedSubstrate({ clock: createVirtualClock() });
    substrateSuite(runner, make, { dialect: simulatedDialect, except: { [name]: 'documented elsewhere' } });
    for (const run of runs) await run();
    expect(skipped).toEqual(['documented elsewhere', 'documented elsewhere']);
    vi.stubEnv('REQUIRE_SIMULATED_CASES', '1');
    for (const run of runs) await expect(run()).rejects.toThrow(/REQUIRE_SIMULATED_CASES=1.*documented/);
    vi.unstubAllEnvs();
    expect(skipped).toHaveLength(2);
  });
});
