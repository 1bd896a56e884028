import { strict as assert } from 'node:assert';
import { WorldError } from '../../src/model/world-error.js';
import type { JournalRecord } from '../../src/ports/journal-record.js';
import { materialiseState } from '../../src/runtime/materialise-state.js';
import type { StateEntry } from '../../src/runtime/world-model.js';
import { type FaultPlan, NO_FAULTS, seededFaults } from '../../src/substrates/simulated/index.js';
import type { Promises } from '../property/storage-power-loss-files.js';
import { newFileDisk, removeFileDisk } from '../support/file-stores.js';
import {
  newDisk,
  openTestRuntime,
  type TestDisk,
  type TestRuntime,
  type TestRuntimeOptions,
} from '../support/test-runtime.js';
import { describeModel } from '../support/verbs.js';
import { seededFileFaults } from './file-faults.js';
import { type Random, seededRandom } from './random.js';
import { Reference } from './reference.js';
import { type Asked, askSomething } from './verbs.js';

/** How often things really happened. */
export type Tally = Map<string, number>;

export interface Simulation {
  readonly seed: bigint;
  readonly steps: number;
  readonly tally: Tally;
  /** Over the real journal, checkpoints and page packs on a file system that has faults and loses power. Default: in memory. */
  readonly onFiles?: boolean;
  /** Promises that this file system breaks: a planted fault. */
  readonly promises?: Promises;
  /** A bug planted in the parts of the runtime. */
  readonly planted?: (options: TestRuntimeOptions) => TestRuntimeOptions;
}

/** Share of the substrate's operations that meet a fault. */
const FAULT_RATE = 0.02;
const KINDS = ['fail', 'delay', 'loseReply', 'crash'] as const;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One run from one seed. Throws an AssertionError when something acknowledged is not as it should be. */
export async function simulate(simulation: Simulation): Promise<void> {
  const run = new Run(simulation);
  try {
    await run.open();
    for (let step = 0; step < simulation.steps; step += 1) await run.step();
    await run.finish();
  } finally {
    await run.end();
  }
}

interface Ended {
  readonly asked: Asked;
  readonly error: WorldError | null;
}

class Run {
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #disk: TestDisk;
  readonly #reference = new Reference();
  #t: TestRuntime | null = null;
  #linesRead = 0;
  #verbs = 0;
  #broken = false;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#random = seededRandom(simulation.seed);
    this.#disk = newDisk();
    if (!simulation.onFiles) return;
    const lost = seededRandom(this.#random.seed());
    const files = newFileDisk(() => lost.below(1_000_000) / 1_000_000, simulation.promises);
    this.#disk = { ...this.#disk, files };
  }

  /** Nothing of it stays on the real disk. */
  async end(): Promise<void> {
    if (!this.#disk.files) return;
    this.#t?.abandon();
    await removeFileDisk(this.#disk.files);
  }

  get #runtime(): TestRuntime {
    assert(this.#t, 'a process is open');
    return this.#t;
  }

  async open(faults = true): Promise<void> {
    this.#broken = false;
    const options: TestRuntimeOptions = {
      disk: this.#disk,
      faults: faults ? this.#faults() : NO_FAULTS,
      journal: faults ? this.#journalFaults() : {},
      ...(faults && this.#disk.files ? { fileFaults: this.#fileFaults() } : {}),
      retention: { states: 3, deletedWorlds: 1, automatic: false },
      roots: true,
      durability: { idleMs: 20, closeRunMs: 5 },
    };
    this.#t = await this.#openOnce(this.#simulation.planted?.(options) ?? options);
    this.#catchUp();
  }

  /** A disk that fails may keep a process from opening; then it says so, and the next one finds everything. */
  async #openOnce(options: TestRuntimeOptions): Promise<TestRuntime> {
    const { fileFaults, ...sound } = options;
    if (!fileFaults) return openSound(sound);
    try {
      return await openTestRuntime(options);
    } catch (thrown) {
      if (!(thrown instanceof WorldError)) throw thrown;
      assert(thrown.code !== 'INTERNAL', thrown.stack ?? thrown.message);
      this.#count('open refused');
      return openSound(sound);
    }
  }

  /** Several verbs at once, and perhaps the end of the process in the middle of them. */
  async step(): Promise<void> {
    const random = this.#random;
    const crash = random.onceIn(12);
    const asked = Array.from({ length: 1 + random.below(6) }, () => this.#ask());
    const ending = Promise.all(asked.map((one) => this.#ended(one)));
    if (crash) {
      for (let turns = random.below(20); turns > 0; turns -= 1) await turn();
      this.#runtime.abandon();
      this.#count('process crash');
    }
    const ended = await ending;
    this.#broken ||= ended.some(({ error }) => error?.code === 'STORAGE_FAILED' && isOfJournal(error));
    this.#catchUp();
    for (const one of ended) this.#checkFailure(one);
    if (crash) {
      this.#maybeLosePower();
      await this.open();
    } else if (this.#broken) await this.#crash();
    else if (random.onceIn(15)) await this.#reopen();
    else this.#compare();
  }

  #compare(): void {
    const { context } = this.#runtime;
    this.#reference.compare(context);
    if (this.#disk.files) return;
    for (const { id, durable } of context.model.states.values()) {
      if (durable === null) continue;
      assert(this.#disk.archive.has(String(durable.data['digest'])), `the durable form of ${id} is kept`);
    }
  }

  /** Without faults everything that was ever acknowledged must be there, and every state can be made again. */
  async finish(): Promise<void> {
    this.#runtime.abandon();
    this.#maybeLosePower();
    await this.open(false);
    const { context } = this.#runtime;
    this.#reference.compare(context);
    for (const [id, x] of this.#reference.states) {
      const entry = context.model.states.get(id as never);
      assert(entry, `state ${id} is still known`);
      assert.equal(await this.#read(entry), x === null ? null : x.toString(), `state ${id} is what it was`);
      assert.deepEqual(
        new Map(await this.#sizes(entry)),
        this.#reference.files.of(id),
        `state ${id} has its files`,
      );
    }
    await this.#runtime.close();
  }

  /** What x is in a state, wherever that has to come from. */
  async #read({ id, origin }: StateEntry): Promise<string | null> {
    const { context } = this.#runtime;
    const world = context.model.worlds.get(origin.worldId);
    assert(world, `the world that made state ${id} is known`);
    const ref = await materialiseState(context, id, {}).catch((thrown: unknown) =>
      assert.fail(`state ${id} cannot be made again: ${String(thrown)}`),
    );
    const substrate = context.substrate('simulated');
    await using machine = await substrate.restore(ref, context.model.identity(world), {});
    const request = { language: 'python', clockNs: 0n, balances: {}, limits: world.birth.limits } as const;
    return (await machine.execute({ ...request, code: 'get x' }, { write: () => {} }, {})).value;
  }

  /** Size of each file in a state, by path. */
  async #sizes({ id }: StateEntry): Promise<[string, number][]> {
    const { context } = this.#runtime;
    const ref = await materialiseState(context, id, {});
    const request = { path: '/', recursive: false, limit: 100 };
    const { entries } = await context.substrate('simulated').listFiles(ref, request, {});
    return entries.flatMap(({ kind, path, sizeBytes }) => (kind === 'file' ? [[path, sizeBytes]] : []));
  }

  #ask(): Asked {
    this.#verbs += 1;
    const stop = new AbortController();
    if (this.#random.onceIn(10)) {
      const turns = this.#random.below(8);
      void (async () => {
        for (let n = 0; n < turns; n += 1) await turn();
        stop.abort();
      })();
    }
    const tag = `op${this.#verbs}`;
    return askSomething({ t: this.#runtime, random: this.#random, tag, signal: stop.signal });
  }

  /** Whatever is acknowledged must be on the disk at that moment. */
  async #ended(asked: Asked): Promise<Ended> {
    const { lines } = this.#disk;
    try {
      const record = await asked.answer;
      if (record)
        assert(
          lines.some((line) => line.includes(record.at)),
          `${asked.verb} is durable when acknowledged`,
        );
      this.#count(`${asked.verb} ok`);
      return { asked, error: null };
    } catch (thrown) {
      if (!(thrown instanceof WorldError)) throw thrown;
      assert(thrown.code !== 'INTERNAL', thrown.stack ?? thrown.message);
      this.#count(`${asked.verb} refused`);
      // What retention gave up behind files from outside is gone, as documented; anything else that is lost is a defect.
      this.#count(thrown.details['givenUp'] === true ? 'state given up' : thrown.code);
      return { asked, error: thrown };
    }
  }

  /** What failed must not be there, unless the journal failed: then nobody knows. What worked is there once. */
  #checkFailure({ asked, error }: Ended): void {
    const found = this.#reference.tags.get(asked.tag) ?? 0;
    assert(found <= 1, `${asked.verb} ${asked.tag} happened once`);
    if (error && error.code !== 'STORAGE_FAILED')
      assert.equal(found, 0, `${asked.verb} failed: ${error.message}`);
    const tagged = ['create', 'create-from', 'execute', 'snapshot', 'branch', 'push-down'];
    if (!error && tagged.includes(asked.verb))
      assert.equal(found, 1, `${asked.verb} ${asked.tag} is not lost`);
  }

  #catchUp(): void {
    const { lines } = this.#disk;
    for (; this.#linesRead < lines.length; this.#linesRead += 1) {
      const { record } = JSON.parse(lines[this.#linesRead]!) as { record: JournalRecord };
      this.#reference.read(record);
      if (record.op === 'worlds.forgotten') this.#count('worlds forgotten');
      if (record.op === 'state.rooted') this.#count('roots known');
      if (record.op === 'world.replayed' && record.remade) this.#count('states made again');
    }
  }

  async #crash(): Promise<void> {
    this.#runtime.abandon();
    this.#count('process crash');
    this.#maybeLosePower();
    await this.open();
    this.#reference.compare(this.#runtime.context);
  }

  async #reopen(): Promise<void> {
    const before = this.#runtime;
    await before.context.backgroundDone();
    // Records that nobody waits for may be the first that the journal cannot take.
    const hasFailed = await before.journal.settled().then(
      () => false,
      () => true,
    );
    if (hasFailed) return this.#crash();
    await before.close().catch((thrown: unknown) => {
      assert(thrown instanceof WorldError && thrown.code === 'STORAGE_FAILED', String(thrown));
    });
    this.#catchUp();
    this.#count('process reopen');
    const memory = describeModel(before.context.model);
    await this.open();
    assert.deepEqual(describeModel(this.#runtime.context.model), memory, 'memory is what the journal says');
    this.#reference.compare(this.#runtime.context);
  }

  #faults(): FaultPlan {
    const plan = seededFaults(this.#random.seed(), FAULT_RATE, KINDS);
    return {
      at: (step, operation) => {
        const fault = plan.at(step, operation);
        if (fault) this.#count(`fault ${fault.kind}`);
        // The executor comes back by itself, as a supervisor would have it.
        if (fault?.kind === 'crash') setImmediate(() => this.#t?.substrate.restart());
        return fault;
      },
    };
  }

  #journalFaults(): NonNullable<TestRuntimeOptions['journal']> {
    const random = seededRandom(this.#random.seed());
    return {
      async delay() {
        for (let turns = random.below(4); turns > 0; turns -= 1) await turn();
      },
      failAt: () => {
        if (!random.onceIn(150)) return undefined;
        this.#count('fault journal');
        return random.pick(['lost', 'kept'] as const);
      },
    };
  }

  /** A process that ended took the power with it, or not: then the system still has what it did not sync. */
  #maybeLosePower(): void {
    const { files } = this.#disk;
    if (!files || this.#random.onceIn(3)) return;
    files.files.losePower();
    this.#count('power loss');
  }

  #fileFaults(): NonNullable<TestRuntimeOptions['fileFaults']> {
    return seededFileFaults(seededRandom(this.#random.seed()), (kind) => this.#count(`file ${kind}`));
  }

  #count(what: string): void {
    const { tally } = this.#simulation;
    tally.set(what, (tally.get(what) ?? 0) + 1);
  }
}

function openSound(options: TestRuntimeOptions): Promise<TestRuntime> {
  return openTestRuntime(options).catch((thrown: unknown) => {
    if (!(thrown instanceof WorldError)) throw thrown;
    return assert.fail(`what is on a sound disk can be opened, but: ${thrown.code}: ${thrown.message}`);
  });
}

/** The substrate may say STORAGE_FAILED too, when it cannot persist; then the runtime goes on. */
function isOfJournal(error: WorldError): boolean {
  return !error.message.includes('injected fault');
}
