import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorldView } from '../../src/model/api.js';
import { WorldError } from '../../src/model/world-error.js';
import { type Random, seededRandom } from '../simulation/random.js';
import {
  type ControlOptions,
  type ControlProcess,
  killWhileStarting,
  startControl,
} from './control-process.js';
import { examineDirectory, type SizeSample, sizeFindings } from './examine-directory.js';
import { endingItsWorker } from './python-programs.js';
import { askSomething, PREAMBLE } from './verbs.js';
import { type Outcome, Witness } from './witness.js';

/** What is killed, and what it was doing. */
export const KILLS = [
  'control while starting',
  'control at work',
  'control while closing',
  'host at work',
  'host while starting',
  'worker at work',
] as const;
export type Kill = (typeof KILLS)[number];

export interface CrashPlan {
  readonly kills: number;
  readonly seed: bigint;
  /** A fault of planted/storage.mjs, which has to be found. */
  readonly planted?: string;
  /** Begins with building an image, which takes some seconds. Default: it does. */
  readonly withImage?: boolean;
  readonly say?: (line: string) => void;
}

export interface CrashSummary {
  readonly seed: string;
  readonly kills: Readonly<Record<Kill, number>>;
  /** Answered and refused, by verb. */
  readonly verbs: Readonly<Record<string, { ok: number; refused: number; unknown: number }>>;
  /** Worlds and states that were looked into. */
  readonly visits: number;
  readonly entries: number;
  readonly examinations: number;
  readonly sizes: readonly SizeSample[];
  readonly seconds: number;
}

const CLIENTS = 3;
/** Answers between two kills, at most. */
const ANSWERS_MAX = 30;
/** In one life of a control process, at most. Starting one takes longest, so that each has several. */
const INNER_KILLS_MAX = 9;
const START_KILLS_MAX = 2;
const HOST_STARTING_MS_MAX = 500;
const CLOSING_MS_MAX = 120;
const EXAMINE_EVERY = 4;
const STATES_LOOKED_AT = 2;
/** A lost answer to a client: what it asked for happened or not. */
const UNCERTAIN = new Set(['DAEMON_LOST', 'STORAGE_FAILED']);
const CONTROL_IS_GONE = new Set(['DAEMON_LOST', 'DAEMON_UNREACHABLE', 'RUNTIME_CLOSED', 'UNAUTHORIZED']);
/** What no kill may ever lead to. */
const NEVER = new Set([
  'INTERNAL',
  'RECOVERY_DIVERGED',
  'STATE_LOST',
  'PAGE_CORRUPT',
  'JOURNAL_CORRUPT',
  'IMAGE_MISMATCH',
  'IMAGE_DAMAGED',
]);

/** Retention let go of files that cannot be made again, as it is documented to: nothing was lost. */
function wasGivenUp({ code, details }: WorldError): boolean {
  return code === 'STATE_LOST' && details['givenUp'] === true;
}

/** @throws AssertionError when something acknowledged is not there, or something else is half there */
export async function crash(plan: CrashPlan): Promise<CrashSummary> {
  const folder = mkdtempSync(join(tmpdir(), 'wr-crash-'));
  const run = new CrashRun(plan, join(folder, 'data'));
  // Also when this process is told to end in the middle.
  const clean = (): void => {
    run.end();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', clean);
  try {
    return await run.run();
  } finally {
    process.off('exit', clean);
    clean();
  }
}

class CrashRun {
  readonly #plan: CrashPlan;
  readonly #dataDir: string;
  readonly #random: Random;
  readonly #witness: Witness;
  readonly #started = performance.now();
  readonly #kills = Object.fromEntries(KILLS.map((kill) => [kill, 0])) as Record<Kill, number>;
  readonly #verbs: Record<string, { ok: number; refused: number; unknown: number }> = {};
  readonly #sizes: SizeSample[] = [];
  #control: ControlProcess | null = null;
  #isEnded = false;
  /** Outcomes since the last look at the journal. */
  #outcomes: Outcome[] = [];
  #asked = 0;
  #answers = 0;
  #visits = 0;
  #examinations = 0;
  /** How long the last start took, until it answered. */
  #startingMs = 1000;

  constructor(plan: CrashPlan, dataDir: string) {
    this.#plan = plan;
    this.#dataDir = dataDir;
    this.#random = seededRandom(plan.seed);
    this.#witness = new Witness(dataDir);
  }

  get #killed(): number {
    return Object.values(this.#kills).reduce((sum, each) => sum + each, 0);
  }

  async run(): Promise<CrashSummary> {
    if (this.#plan.withImage ?? true) await this.#begin();
    for (let round = 1; this.#killed < this.#plan.kills; round += 1) {
      await this.#round(round);
      const [done, seconds] = [this.#killed, (performance.now() - this.#started) / 1000];
      this.#plan.say?.(
        `${done} kills, ${this.#asked} verbs, ${this.#witness.entries} entries, ${seconds.toFixed(0)} s`,
      );
    }
    await this.#finish();
    return {
      seed: this.#plan.seed.toString(),
      kills: this.#kills,
      verbs: this.#verbs,
      visits: this.#visits,
      entries: this.#witness.entries,
      examinations: this.#examinations,
      sizes: this.#sizes,
      seconds: (performance.now() - this.#started) / 1000,
    };
  }

  /** Ends what a failure left running. */
  end(): void {
    this.#isEnded = true;
    this.#control?.end();
  }

  /** A life without a kill, in which an image is built: that takes longer than most lives last. */
  async #begin(): Promise<void> {
    const control = await this.#open();
    await control.transport.call('image-create', { name: 'first', preamble: PREAMBLE }, {});
    await control.close();
    this.#control = null;
  }

  /** One life of a control process, which loses hosts and workers on the way. */
  async #round(round: number): Promise<void> {
    const random = this.#random;
    for (let n = random.below(START_KILLS_MAX + 1); n > 0; n -= 1) {
      await killWhileStarting(this.#options, random.below(this.#startingMs));
      this.#count('control while starting');
    }
    const control = await this.#open();
    await this.#check(control);
    // Together: what fails in one of them is the failure of the round, and the other has nobody left to fail for.
    await Promise.all([this.#work(control, seededRandom(random.seed())), this.#injure(control)]);
    if (round % EXAMINE_EVERY === 0) await this.#examine();
  }

  /** Kills below the control process, and at last the control process. */
  async #injure(control: ControlProcess): Promise<void> {
    const random = this.#random;
    for (let n = 1 + random.below(INNER_KILLS_MAX); n > 0; n -= 1) {
      await this.#moreAnswers(random.below(ANSWERS_MAX));
      await this.#killBelow(control);
    }
    await this.#moreAnswers(random.below(ANSWERS_MAX));
    if (random.onceIn(3)) {
      if (await control.killWhileClosing(random.below(CLOSING_MS_MAX))) this.#count('control while closing');
    } else {
      await control.kill();
      this.#count('control at work');
    }
    this.#control = null;
  }

  get #options(): ControlOptions {
    const { planted } = this.#plan;
    const workers = 1 + this.#random.below(2);
    return { dataDir: this.#dataDir, workers, ...(planted === undefined ? {} : { planted }) };
  }

  async #open(): Promise<ControlProcess> {
    const before = performance.now();
    this.#control = await startControl(this.#options);
    this.#startingMs = Math.ceil(performance.now() - before);
    return this.#control;
  }

  /** A host or a worker; the control process goes on. */
  async #killBelow(control: ControlProcess): Promise<void> {
    if (!this.#random.onceIn(4)) return this.#endWorker(control);
    const hosts = control.hosts();
    if (hosts.length === 0) return;
    process.kill(this.#random.pick(hosts), 'SIGKILL');
    this.#count('host at work');
    if (!this.#random.onceIn(3)) return;
    await new Promise((resolve) => setTimeout(resolve, this.#random.below(HOST_STARTING_MS_MAX)));
    const again = control.hosts().filter((pid) => !hosts.includes(pid));
    if (again[0] === undefined) return;
    process.kill(again[0], 'SIGKILL');
    this.#count('host while starting');
  }

  /**
   * A thread cannot be killed from outside without its process. A guest can end its own: aborting is refused in a way that
   * nothing of CPython's catches, and the host dismisses the thread in the middle of the run.
   */
  async #endWorker(control: ControlProcess): Promise<void> {
    const code = endingItsWorker(this.#nextTag(), this.#random.below(200_000));
    try {
      const worlds = (await control.transport.call('list', {}, {})) as WorldView[];
      const running = worlds.filter(({ status }) => status === 'running');
      if (running.length === 0) return;
      await control.transport.call('execute', { world: this.#random.pick(running).id, code }, {});
      assert.fail('a worker that was ended answers');
    } catch (thrown) {
      if (!(thrown instanceof WorldError)) throw thrown;
      if (thrown.code === 'ENGINE_FAULT') this.#count('worker at work');
    }
  }

  /** Clients ask for verbs, each one after the other, until the control process is gone. */
  async #work(control: ControlProcess, random: Random): Promise<void> {
    const client = async (own: Random): Promise<void> => {
      let goesOn = true;
      while (goesOn) goesOn = await this.#ask(control, own);
    };
    await Promise.all(Array.from({ length: CLIENTS }, () => client(seededRandom(random.seed()))));
  }

  /** False once nobody answers any more. */
  async #ask({ transport }: ControlProcess, random: Random): Promise<boolean> {
    const tag = this.#nextTag();
    let verb = 'list';
    try {
      const asked = await askSomething({ transport, random, tag });
      verb = asked.verb;
      const fact = await asked.answer;
      this.#outcome({ verb, tag, fact, isCertain: true }, 'ok');
      return true;
    } catch (thrown) {
      if (!(thrown instanceof WorldError)) throw thrown;
      const { code } = thrown;
      assert(!NEVER.has(code) || wasGivenUp(thrown), `${verb} ${tag}: ${code}: ${thrown.message}`);
      const isCertain = !UNCERTAIN.has(code);
      this.#outcome({ verb, tag, fact: null, isCertain }, isCertain ? 'refused' : 'unknown');
      return !CONTROL_IS_GONE.has(code);
    }
  }

  #outcome(outcome: Outcome, how: 'ok' | 'refused' | 'unknown'): void {
    this.#outcomes.push(outcome);
    const times = this.#verbs[outcome.verb] ?? { ok: 0, refused: 0, unknown: 0 };
    this.#verbs[outcome.verb] = times;
    times[how] += 1;
    this.#answers += 1;
  }

  async #moreAnswers(more: number): Promise<void> {
    const wanted = this.#answers + more;
    const until = Date.now() + 60_000;
    while (this.#answers < wanted && !this.#isEnded) {
      assert(Date.now() < until, 'clients go on getting answers');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Everything that was ever acknowledged, as it is seen from outside. */
  async #check({ transport }: ControlProcess): Promise<void> {
    await this.#checkOutcomes();
    await this.#witness.compareAnswers(transport);
    this.#visits += await this.#witness.visitWorlds(transport);
    this.#visits += await this.#witness.visitStates(transport, {
      random: this.#random,
      most: STATES_LOOKED_AT,
    });
  }

  async #checkOutcomes(): Promise<void> {
    await this.#witness.read();
    for (const outcome of this.#outcomes) this.#witness.checkOutcome(outcome);
    this.#outcomes = [];
  }

  /** With nobody in the directory: memory, ledger, journal and catalog, seen from inside. */
  async #examine(): Promise<void> {
    const sample = await examineDirectory(this.#dataDir, this.#witness);
    await this.#checkOutcomes();
    this.#sizes.push({ ...sample, kills: this.#killed });
    this.#examinations += 1;
    assert.deepEqual(sizeFindings(this.#sizes), [], 'the data directory is bounded');
  }

  /** At last every state that is kept, and a whole life without a kill. */
  async #finish(): Promise<void> {
    const control = await this.#open();
    await this.#check(control);
    this.#visits += await this.#witness.visitStates(control.transport, {
      random: this.#random,
      most: Number.POSITIVE_INFINITY,
    });
    await control.transport.call('gc', {}, {});
    await control.close();
    this.#control = null;
    await this.#examine();
  }

  #nextTag(): string {
    this.#asked += 1;
    return `op${this.#asked}`;
  }

  #count(kill: Kill): void {
    this.#kills[kill] += 1;
  }
}
