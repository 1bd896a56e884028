import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ComposedRuntime } from '../../src/compose.js';
import type { World, WorldRuntime } from '../../src/index.js';
import type { Attack, Step } from './attacks/attack.js';

const MIB = 1024 * 1024;
const LIMITS = {
  memoryBytes: 96 * MIB,
  timeoutMs: 20_000,
  fileBytes: 8 * MIB,
  files: 500,
  outputBytes: 20_000,
};
const ENV_SECRET = 'WORLD_ATTACK_ENVIRONMENT';
/** Put together, so that the guest's own code never holds one. */
const secret = (kind: string) => `${kind}-secret-${Math.random().toString(36).slice(2)}`;

/** No attempt may take longer, whatever it does. */
const ATTEMPT_MS_MAX = 40_000;

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Verdict {
  readonly attack: Attack;
  /** Why it got through; empty when it was held. */
  readonly breaches: readonly string[];
  /** How its steps ended. */
  readonly ended: readonly string[];
  readonly ms: number;
}

interface Ended {
  readonly status: string;
  readonly value: string | null;
  readonly text: string;
  readonly effects: number;
}

/** A runtime to be attacked: with a secret in the environment, one in a file, one in a sibling, and money. */
export class AttackArena {
  readonly #folder: string;
  readonly #marker: string;
  readonly #secrets: readonly string[];
  readonly #composed: ComposedRuntime;
  readonly #runtime: WorldRuntime;
  readonly #sibling: World;
  readonly #siblingSecret: string;

  private constructor(parts: {
    folder: string;
    secrets: readonly string[];
    composed: ComposedRuntime;
    runtime: WorldRuntime;
    sibling: World;
    siblingSecret: string;
  }) {
    this.#folder = parts.folder;
    this.#marker = join(parts.folder, 'host', 'marker');
    this.#secrets = parts.secrets;
    this.#composed = parts.composed;
    this.#runtime = parts.runtime;
    this.#sibling = parts.sibling;
    this.#siblingSecret = parts.siblingSecret;
  }

  /** @param build folder whose `dist` is attacked. */
  static async open(build: string, workers: number): Promise<AttackArena> {
    const folder = mkdtempSync(join(tmpdir(), 'wr-attack-'));
    const secrets = [secret('environment'), secret('host'), secret('sibling')] as const;
    process.env[ENV_SECRET] = secrets[0];
    const from = (file: string) => import(pathToFileURL(join(build, 'dist', file)).href);
    const { composeRuntime } = (await from('compose.js')) as typeof import('../../src/compose.js');
    const { RuntimeClient } = (await from('index.js')) as typeof import('../../src/index.js');
    const composed = await composeRuntime({ dataDir: join(folder, 'data'), workers, worldLimits: LIMITS });
    const runtime = new RuntimeClient(composed.transport) as WorldRuntime;
    const host = join(folder, 'host-secret.txt');
    writeFileSync(host, secrets[1]);
    const sibling = await runtime.create({ name: 'sibling' });
    await sibling.deposit('GOLD', 1000n);
    const [head, tail] = [secrets[2].slice(0, 8), secrets[2].slice(8)];
    const keep = `secret = ${JSON.stringify(head)} + ${JSON.stringify(tail)}`;
    await sibling.execute(
      `${keep}\nopen("/home/world/own.txt", "w").write(secret)\nimport world\nworld.report(cost=7)`,
    );
    return new AttackArena({ folder, secrets, composed, runtime, sibling, siblingSecret: secrets[2] });
  }

  async close(): Promise<void> {
    await this.#composed.close();
    delete process.env[ENV_SECRET];
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #pid(): Promise<number> {
    const wasm = this.#composed.context.parts.substrates.get('wasm') as unknown as {
      stats(): Promise<{ pid: number }>;
    };
    return (await wasm.stats()).pid;
  }

  async attempt(attack: Attack): Promise<Verdict> {
    const start = performance.now();
    const breaches: string[] = [];
    const ended: string[] = [];
    try {
      await within(ATTEMPT_MS_MAX, this.#attempt(attack, breaches, ended));
    } catch (error) {
      breaches.push(`the judge could not go on: ${String(error).slice(0, 300)}`);
    }
    return { attack, breaches, ended, ms: performance.now() - start };
  }

  async #attempt(attack: Attack, breaches: string[], ended: string[]): Promise<void> {
    const pid = await this.#pid();
    const world = await this.#runtime.create();
    await world.deposit('GOLD', 5n);
    await world.execute('kept = "before"');
    const { head } = await world.show();
    const drawn: (string | null)[] = [];
    let effects = 0;
    for (const step of attack.steps) {
      const target = await this.#targetOf(step, world);
      const { abortMs: _once, ...later } = attack;
      const end = await this.#run(target, ended.length === 0 ? attack : later, this.#fill(step.code, pid));
      ended.push(end.status);
      effects += end.effects;
      breaches.push(...this.#judge(step, end, pid, drawn));
      if (target !== world) await target.delete();
    }
    if (effects !== attack.effects) breaches.push(`${effects} effects instead of ${attack.effects}`);
    await this.#requireHealth(attack, world, head, breaches);
    await this.#requireWorldOutside({ attack, world, pid, breaches });
    await world.delete();
  }

  #targetOf(step: Step, world: World): Promise<World> {
    switch (step.in) {
      case 'self':
        return Promise.resolve(world);
      case 'other':
        return this.#runtime.create();
      case 'child':
        return world.branch({ count: 1 }).then(([child]) => child!);
      case 'back':
        return world.rewind({ steps: 1 }).then(() => world);
    }
  }

  #fill(code: string, pid: number): string {
    const words: Record<string, string> = {
      marker: this.#marker,
      secretFile: join(this.#folder, 'host-secret.txt'),
      pid: String(pid),
      sibling: this.#sibling.id,
    };
    return code.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => words[name] ?? whole);
  }

  async #run(world: World, attack: Attack, code: string): Promise<Ended> {
    const options = {
      ...(attack.timeoutMs === undefined ? {} : { timeoutMs: attack.timeoutMs }),
      ...(attack.abortMs === undefined ? {} : { signal: AbortSignal.timeout(attack.abortMs) }),
    };
    try {
      const { ok, error, value, stdout, stderr, effects } = await world.execute(code, options);
      const status = ok ? 'ok' : (error?.type ?? 'an error without a type');
      const text = [value, stdout, stderr, error?.message, error?.traceback].join('\n');
      return { status, value, text, effects: ok ? effects.length : 0 };
    } catch (thrown) {
      const { code: status = 'no WorldError', message } = thrown as { code?: string; message: string };
      return { status, value: null, text: message, effects: 0 };
    }
  }

  #judge(step: Step, end: Ended, pid: number, drawn: (string | null)[]): string[] {
    const breaches: string[] = [];
    if (!step.expects.split('|').includes(end.status)) {
      breaches.push(`ended with ${end.status} instead of ${step.expects}: ${end.text.slice(0, 200)}`);
    }
    for (const word of this.#secrets) if (end.text.includes(word)) breaches.push('it read a secret');
    if (step.value === '{{different}}') {
      if (drawn.includes(end.value)) breaches.push(`drew ${end.value} again`);
      drawn.push(end.value);
    } else if (end.status === 'ok' && step.value !== undefined && end.value !== this.#fill(step.value, pid)) {
      breaches.push(`saw ${end.value} instead of ${step.value}`);
    }
    return breaches;
  }

  /** The next execution is healthy, at once or, where the guest destroyed itself, after going back; and so is its state. */
  async #requireHealth(attack: Attack, world: World, before: string, breaches: string[]): Promise<void> {
    const probe = '("kept" in globals() and kept, 40 + 2)';
    const healthy = `('before', 42)`;
    const look = async () => {
      const { status, value, text } = await this.#run(
        world,
        { ...attack, timeoutMs: 20_000, abortMs: 60_000 },
        probe,
      );
      return status === 'ok' ? value : `${status} ${text.slice(0, 200)}`;
    };
    let seen = await look();
    if (seen !== healthy && attack.breaksItself) {
      await world.rewind({ to: before }).catch(() => undefined);
      seen = await look();
    }
    if (seen !== healthy) breaches.push(`the next execution answered ${seen}`);
    await world.snapshot();
    await world.files.list('/home/world');
  }

  /** Nothing outside the attacker's world has changed. */
  async #requireWorldOutside(after: {
    attack: Attack;
    world: World;
    pid: number;
    breaches: string[];
  }): Promise<void> {
    const { attack, world, pid, breaches } = after;
    if (existsSync(this.#marker)) {
      breaches.push('it wrote a file on the host');
      rmSync(this.#marker);
    }
    if ((await this.#pid()) !== pid) breaches.push('it ended the executor host');
    const own = await this.#sibling.execute(
      '(secret == open("/home/world/own.txt").read(), secret, len(__import__("os").listdir("/home/world")))',
    );
    if (own.value !== `(True, '${this.#siblingSecret}', 1)`) breaches.push(`the sibling says ${own.value}`);
    const gold = async (of: World) => (await of.balances()).map(({ amount }) => amount).join();
    if ((await gold(this.#sibling)) !== '1000')
      breaches.push(`the sibling holds ${await gold(this.#sibling)}`);
    const transfers = attack.name === 'twice what it holds';
    if (!transfers && (await gold(world)) !== '5') breaches.push(`the attacker holds ${await gold(world)}`);
  }
}
