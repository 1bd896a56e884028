import { afterAll, describe, expect, test } from 'vitest';
import type { BranchIdentity, Machine, StateRef, Substrate, Wait } from '../../ports/substrate.js';
import { identityOf, openSubstrate, request, SILENT, SPEC } from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

/**
 * Thousands of random restore / execute / snapshot / roll back steps against a model, each on an executor
 * that last held another world. `SEED` and `CYCLES` repeat or lengthen a run.
 */
const SEED = Number(process.env['SEED'] ?? 1_234_567);
const CYCLES = Number(process.env['CYCLES'] ?? 1_200);
/** States kept to branch from. */
const POINTS_MAX = 60;

function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** What a world must hold. */
interface Model {
  readonly items: readonly number[];
  /** How often the generator was asked. */
  readonly asked: number;
  /** What was written through the open descriptor. */
  readonly written: string;
}

interface Point {
  readonly state: StateRef;
  readonly model: Model;
  readonly world: number;
}

const SETUP = `
import gc, os, json
L = []
D = {}
G = (i * i for i in range(10 ** 9))
F = open('/tmp/log', 'a+')
`;

/** Snippets that leave the model's own fields alone but stir memory, modules, files and the allocator. */
const STIRS = [
  'D[%] = [str(i) for i in range(% * 5)]',
  'big = bytearray(% * 2000 + 1)',
  'exec("class K%: z = %")',
  'gc.collect()',
  'json.dumps(list(range(%)))',
  'import decimal; decimal.Decimal(%).sqrt()',
  "open('/tmp/other%', 'w').write('x' * %)",
  'D.clear()',
  "os.makedirs('/tmp/d%', exist_ok=True)",
  'S = {i: i for i in range(%)}; del S',
  'try:\n    {}["a"]\nexcept KeyError:\n    pass',
];

/** Code that must leave everything as it was, and the error it must end with. */
const FAILURES: readonly {
  readonly code: string;
  readonly timeoutMs?: number;
  readonly error: string | null;
}[] = [
  { code: 'L.append(', error: null },
  { code: 'def f(:\n  pass', error: null },
  {
    code: "L.append(-1); F.write('bad'); F.flush(); next(G); os.mkdir('/tmp/bad')\nwhile True: pass",
    timeoutMs: 30,
    error: 'EXECUTION_TIMEOUT',
  },
];

class Cycles {
  readonly #substrate: Substrate;
  readonly #random: (below: number) => number;
  readonly #points: Point[] = [];
  #worlds: number;
  rollbacks = 0;

  constructor(substrate: Substrate, lane: number) {
    this.#substrate = substrate;
    this.#random = randomFrom(SEED + lane);
    this.#worlds = lane * 1_000_000;
  }

  async begin(worlds: number): Promise<void> {
    for (let i = 0; i < worlds; i++) {
      const world = ++this.#worlds;
      const machine = await this.#substrate.boot(SPEC, identityOf(world), {});
      expect((await machine.execute(request(SETUP), SILENT, {})).error).toBeNull();
      const model = { items: [], asked: 0, written: '' };
      this.#points.push({ state: await machine.snapshot({}), model, world });
      await machine[Symbol.asyncDispose]();
    }
  }

  /** One cycle: restore a point, roll something back at times, run, check, keep or branch. */
  async cycle(number: number): Promise<void> {
    const random = this.#random;
    const point = this.#points[random(this.#points.length)]!;
    // Half of the restores are branches, with an identity of their own.
    const world = random(2) === 0 ? ++this.#worlds : point.world;
    const machine = await this.#substrate.restore(point.state, identityOf(world), {});
    if (random(4) === 0) await this.#rollback(machine, number);
    const model = await this.#step(machine, point.model, number);
    const state = await machine.snapshot({});
    await machine[Symbol.asyncDispose]();
    this.#points.push({ state, model, world });
    if (this.#points.length <= POINTS_MAX) return;
    const [dropped] = this.#points.splice(random(this.#points.length), 1);
    if (dropped !== undefined) await this.#substrate.discard(dropped.state);
  }

  async #rollback(machine: Machine, number: number): Promise<void> {
    // Timeouts wait for real time: most rollbacks are of code that does not compile.
    const failure = FAILURES[this.#random(8) === 0 ? 2 : this.#random(2)]!;
    const timeoutMs = failure.timeoutMs ?? 30_000;
    const attempt = machine.execute(request(failure.code, { timeoutMs }), SILENT, {});
    if (failure.error !== null)
      await expect(attempt, `cycle ${number}`).rejects.toMatchObject({ code: failure.error });
    else expect((await attempt).changed, `cycle ${number}`).toBe(false);
    this.rollbacks++;
  }

  async #step(machine: Machine, model: Model, number: number): Promise<Model> {
    const random = this.#random;
    const item = random(1000);
    const stir = STIRS[random(STIRS.length)]!.replaceAll('%', String(random(300)));
    const mark = random(3) === 0 ? `${number},` : '';
    const raises = random(10) === 0;
    const code = `
assert L == [${model.items.join(', ')}], L
F.seek(0); held = F.read(); F.seek(0, 2)
assert held == '${model.written}', held
assert not os.path.exists('/tmp/bad')
${stir}
L.append(${item})
F.write('${mark}'); F.flush()
asked = next(G)
${raises ? '1 / 0' : '(asked, len(L))'}`;
    const result = await machine.execute(request(code), SILENT, {});
    const context = `cycle ${number}: ${result.error?.traceback}`;
    if (raises) expect(result.error?.type, context).toBe('ZeroDivisionError');
    else expect(result.value, context).toBe(`(${model.asked ** 2}, ${model.items.length + 1})`);
    return {
      items: [...model.items, item],
      asked: model.asked + 1,
      written: model.written + mark,
    };
  }
}

describe('random cycles', () => {
  const opened: WasmSubstrate[] = [];
  afterAll(async () => {
    for (const substrate of opened) await substrate[Symbol.asyncDispose]();
  });

  test(
    `${CYCLES} cycles over worlds that displace each other (SEED=${SEED})`,
    async () => {
      const substrate = await openSubstrate({ workers: 2, schedule: 'farthest', graceMs: 2000 });
      opened.push(substrate);
      // Two at once, so that both executors are in use and restores meet commits; each with its own
      // random numbers and worlds, so that a seed repeats a failure.
      const lanes = [new Cycles(substrate, 0), new Cycles(substrate, 1)];
      for (const lane of lanes) await lane.begin(4);
      const before = await substrate.stats();
      await Promise.all(
        lanes.map(async (lane, which) => {
          for (let number = which; number < CYCLES; number += 2) await lane.cycle(number);
        }),
      );
      const after = await substrate.stats();
      const loads = after.loads - before.loads;
      const foreign = after.foreignLoads - before.foreignLoads;
      expect(loads).toBeGreaterThanOrEqual(CYCLES);
      expect(foreign, 'loads that replaced another state').toBeGreaterThanOrEqual(CYCLES * 0.95);
      const rollbacks = lanes.reduce((sum, lane) => sum + lane.rollbacks, 0);
      expect(rollbacks).toBeGreaterThan(CYCLES / 6);
      expect(after.replaced, 'no executor was lost').toBe(0);
      // What is kept is bounded by the points, however many states were made.
      expect(after.states).toBeLessThan(2 * POINTS_MAX + 10);
    },
    CYCLES * 120 + 120_000,
  );

  test('a substrate that restores the wrong state is caught', async () => {
    const substrate = await openSubstrate({ workers: 2 });
    opened.push(substrate);
    let restores = 0;
    const earlier: StateRef[] = [];
    const faulty = new Proxy<Substrate>(substrate, {
      get: (target, name) => {
        if (name === 'restore') {
          return (state: StateRef, ...rest: [BranchIdentity, Wait]) => {
            earlier.push(state);
            restores++;
            return target.restore(restores === 30 ? earlier[10]! : state, ...rest);
          };
        }
        // Nothing is discarded, so that the wrong state is a valid one.
        if (name === 'discard') return async () => undefined;
        return target[name as 'boot'].bind(target);
      },
    });
    const cycles = new Cycles(faulty, 2);
    await cycles.begin(4);
    const attempt = (async () => {
      for (let number = 0; number < 60; number++) await cycles.cycle(number);
    })();
    await expect(attempt).rejects.toThrow(/cycle 29/);
  });
});
