import { describe, expect, it } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../test/support/test-runtime.js';
import { balanceOf, named, newWorld, refused, run, variable } from '../../test/support/verbs.js';
import { streamAt } from '../model/split-mix.js';
import type { WalkStep } from '../model/walk-api.js';
import { colourOf, seedsOfTurn, type WalkAgent, walkRoots } from '../multiverse/index.js';
import { deposit } from './move-money.js';
import { pushDown } from './push-down.js';
import { rewind } from './rewind.js';
import { voidPushDown } from './void-push-down.js';
import { type WalkRequest, walk } from './walk.js';
import type { AgentGiven, WalkPrograms } from './walk-programs.js';
import type { World } from './world-model.js';

const TRITS = { generator: 1, coordinator: 0, validator: -1 } as const;

interface Asked {
  readonly agent: WalkAgent;
  readonly given: AgentGiven;
  readonly turn: number;
}

/** What an agent does instead: its answer, and code before it. */
interface Instead {
  readonly answer?: unknown;
  readonly code?: string;
  readonly trit?: number;
  /** The walk that the coordinator leaves behind. */
  readonly walk?: unknown;
}

/**
 * The agents in the language of the simulated substrate. That has no arithmetic on lists, so what an agent works out is worked out
 * here, from what it is told; its worlds, its answers and the walk it keeps are real.
 */
function programs(instead: (asked: Asked) => Instead | undefined = () => undefined): WalkPrograms {
  const kept: WalkStep[] = [];
  return {
    look: 'get walk',
    work(agent, given) {
      const asked = { agent, given, turn: Number(given['turn']) };
      const change = instead(asked);
      const step = agent === 'coordinator' ? stepOf(given) : undefined;
      if (step) kept.splice(step.step - 1, kept.length, step);
      const lines = [change?.code ?? ''];
      if (step) lines.push(`set walk ${JSON.stringify(change?.walk ?? kept)}`);
      const answer =
        change?.answer ?? step ?? (agent === 'generator' ? proposalOf(given) : verdictOf(given, kept));
      lines.push(
        `set answer ${JSON.stringify({ trit: change?.trit ?? TRITS[agent], answer })}`,
        'get answer',
      );
      return lines.join('\n');
    },
  };
}

function proposalOf({ seed }: AgentGiven): string {
  return colourOf(streamAt(BigInt(String(seed)), 0));
}

function stepOf({ proposal, step }: AgentGiven): WalkStep {
  return { ...(step as WalkStep), colour: String(proposal), trits: [1, 0, -1] };
}

function verdictOf({ genesis, turn, after }: AgentGiven, kept: readonly WalkStep[]): true | string {
  const { generator } = seedsOfTurn(BigInt(String(genesis)), Number(turn));
  if (kept.at(-1)?.colour !== colourOf(streamAt(generator, 0))) return 'another colour';
  const expected = { length: kept.length, root: walkRoots(kept).at(-1) };
  return JSON.stringify(after) === JSON.stringify(expected) ? true : 'another walk';
}

async function walker(name = 'w'): Promise<{ t: TestRuntime; world: World }> {
  const t = await openTestRuntime({ roots: true });
  const world = await newWorld(t, name);
  await run(t, world, 'set walk []');
  return { t, world };
}

function go(t: TestRuntime, world: World, request: Partial<WalkRequest> = {}, signal?: AbortSignal) {
  const asked = { steps: 1, attempts: 2, programs: programs(), ...request };
  return walk(t.context, world, asked, signal ? { signal } : {});
}

const rootsOf = (walked: Awaited<ReturnType<typeof walk>>) => walked.turns.map(({ walkRoot }) => walkRoot);

describe('a walk', () => {
  it('takes each step in three worlds of the accepted state and adopts the coordinator’s', async () => {
    const { t, world } = await walker();
    const [from, before] = [t.disk.lines.length, world.head];
    const { turns, ...walked } = await go(t, world, { steps: 2 });
    expect(walked).toMatchObject({ genesis: 1069n, accepted: 2, complete: true, length: 2 });
    expect(turns).toMatchObject([
      {
        step: 1,
        turn: 0,
        seed: '0x000000000000042d',
        trits: [1, 0, -1],
        gf3Sum: 0,
        accepted: true,
        reason: null,
      },
      {
        step: 2,
        turn: 1,
        seed: '0x9e68213bcc3af878',
        trits: [1, 0, -1],
        gf3Sum: 0,
        accepted: true,
        reason: null,
      },
    ]);
    expect(turns[1]).toMatchObject({ state: world.head, stateRoot: t.context.model.state(world.head).root });
    const records = t.disk.lines.slice(from).map((line) => JSON.parse(line).record);
    const verbs = records.filter(({ op }) => op !== 'state.rooted');
    const verseOf = new Map(
      verbs.flatMap(({ outcomes = [] }) =>
        outcomes.map((one: { worldId: string; name: string }) => [one.worldId, one.name] as const),
      ),
    );
    expect(verbs.map(({ op, worldId }) => `${op} ${verseOf.get(worldId) ?? ''}`.trim())).toEqual(
      Array(2)
        .fill([
          'world.pushed-down',
          ...['chaos', 'optimal', 'nash'].map((verse) => `world.executed ${verse}`),
        ])
        .flatMap((some) => [...some, 'world.pulled-up']),
    );
    expect(verbs[0]).toMatchObject({ state: before, ledger: [{ kind: 'openCondition' }] });
    expect(verbs[0].children.map(({ identity }: { identity: { trit: number } }) => identity.trit)).toEqual([
      1, 0, -1,
    ]);
    expect([world.status, world.openCondition]).toEqual(['running', null]);
    expect(await variable(t, world, 'walk')).toContain('"step":2');
  });

  it('is the same from the same genesis in another data directory, in one call or in several', async () => {
    const one = await walker();
    const all = await go(one.t, one.world, { steps: 5 });
    const two = await walker('other');
    await run(two.t, two.world, 'set unrelated 1');
    const own = programs();
    const parts = [2, 1, 2].map((steps) => () => go(two.t, two.world, { steps, programs: own }));
    const roots: unknown[] = [];
    for (const part of parts) roots.push(...rootsOf(await part()));
    expect(roots).toEqual(rootsOf(all));
    expect(new Set(roots).size).toBe(5);
    const three = await walker();
    expect(rootsOf(await go(three.t, three.world, { genesis: 7n }))).not.toContain(roots[0]);
  });

  it('goes on with the genesis of the last step, from its turn, unless told another', async () => {
    const { t, world } = await walker();
    const own = programs();
    await go(t, world, { genesis: 7n, steps: 2, programs: own });
    expect(await go(t, world, { programs: own })).toMatchObject({
      genesis: 7n,
      turns: [{ turn: 2, step: 3 }],
    });
    expect(await go(t, world, { programs: own, genesis: 8n })).toMatchObject({
      turns: [{ turn: 0, step: 4 }],
    });
    expect(await go(t, world, { programs: own, genesis: 7n })).toMatchObject({
      turns: [{ turn: 3, step: 5 }],
    });
  });

  it('moves no money, whatever comes of its steps', async () => {
    const { t, world } = await walker();
    await deposit(t.context, world, { token: 'GOLD', amount: '10' }, {});
    const own = programs(({ agent, turn }) =>
      agent === 'validator' && turn === 1 ? { answer: 'no' } : { code: 'balance GOLD' },
    );
    await go(t, world, { steps: 2, programs: own });
    expect(balanceOf(t, world)).toBe(10n);
    expect(t.context.model.ledger.balances()).toHaveLength(1);
    const spender = programs(({ agent }) =>
      agent === 'generator' ? { code: 'transfer bob GOLD 1' } : undefined,
    );
    const { turns } = await go(t, world, { programs: spender, attempts: 1 });
    expect(turns[0]?.reason).toMatch(/^the generator raised InsufficientBalance/);
  });

  it('can be taken back step by step, and then walked again', async () => {
    const { t, world } = await walker();
    const own = programs();
    const [first, second] = rootsOf(await go(t, world, { steps: 2, programs: own }));
    await rewind(t.context, world, {}, {});
    const again = await go(t, world, { programs: own });
    expect([first, ...rootsOf(again)]).toEqual([first, second]);
    expect(again).toMatchObject({ length: 2, turns: [{ step: 2, turn: 1 }] });
  });
});

describe('a step that is rejected', () => {
  it.each<[string, WalkAgent, Instead, RegExp]>([
    [
      'the validator disagrees',
      'validator',
      { answer: 'not this one' },
      /^the validator disagrees: not this one/,
    ],
    [
      'the validator says nothing',
      'validator',
      { answer: false },
      /^the validator disagrees: it gives no reason/,
    ],
    ['the coordinator takes another colour', 'generator', { answer: '#000000' }, /disagrees: another colour/],
    ['the coordinator answers no step', 'coordinator', { answer: { step: 1 } }, /no step: genesis/],
    ['the coordinator leaves no walk', 'coordinator', { walk: [{}] }, /left no walk behind: 0\.step/],
    [
      'the coordinator leaves the walk as it was',
      'coordinator',
      { walk: [] },
      /^revisits the state with root 6698/,
    ],
    [
      'an agent raises',
      'generator',
      { code: 'fail out of ideas' },
      /^the generator raised SimulatedError: out/,
    ],
    ['a world has another trit', 'generator', { trit: 0 }, /^the trits 0, 0, -1 do not conserve: .* 2 mod 3/],
  ])('because %s changes nothing, and another is proposed', async (_why, agent, change, reason) => {
    const { t, world } = await walker();
    const before = world.head;
    const own = programs((asked) => (asked.agent === agent && asked.turn === 0 ? change : undefined));
    const given = await go(t, world, { attempts: 1, programs: own });
    expect(given).toMatchObject({ accepted: 0, complete: false, length: 0, turns: [{ accepted: false }] });
    expect(given.turns[0]?.reason).toMatch(reason);
    expect([world.head, world.status, world.openCondition]).toEqual([before, 'running', null]);
    expect(await variable(t, world, 'walk')).toBe("'[]'");

    const { turns, complete } = await go(t, world, { attempts: 2, programs: own });
    expect([complete, ...turns.map(({ turn, step, accepted }) => [turn, step, accepted])]).toEqual([
      true,
      [0, 1, false],
      [1, 1, true],
    ]);
  });

  it('ends the walk only after so many in a row', async () => {
    const { t, world } = await walker();
    const own = programs(({ agent, turn }) =>
      agent === 'validator' && turn % 3 !== 2 ? { answer: 'no' } : undefined,
    );
    expect(await go(t, world, { steps: 3, attempts: 3, programs: own })).toMatchObject({ accepted: 3 });
    const { complete, turns } = await go(t, world, { steps: 3, attempts: 2, programs: own });
    expect([complete, turns.length]).toEqual([false, 2]);
  });

  it('cannot go back to an earlier place: a walk without its last step is one', async () => {
    const { t, world } = await walker();
    const own = programs();
    await go(t, world, { steps: 2, programs: own });
    const earlier = JSON.parse((await variable(t, world, 'walk'))?.slice(1, -1) ?? '').slice(0, 1);
    const cheat = programs(
      ({ agent }) => ({ coordinator: { walk: earlier }, validator: { answer: true } })[String(agent)],
    );
    const { turns } = await go(t, world, { programs: cheat, attempts: 2 });
    expect(turns.map(({ reason }) => reason)).toEqual(
      Array(2).fill(`revisits the state with root ${walkRoots(earlier).at(-1)?.slice(0, 16)}`),
    );
  });
});

describe('a walk that ends early', () => {
  it('leaves the world at the last accepted step when it is interrupted', async () => {
    const { t, world } = await walker();
    const interruption = new AbortController();
    const own = programs(({ agent, turn }) => {
      if (agent === 'validator' && turn === 1) interruption.abort();
      return undefined;
    });
    const walking = go(t, world, { steps: 3, programs: own }, interruption.signal);
    const error = await refused(walking, 'INTERRUPTED', /1 of 3 steps were accepted.*Go on: wr walk w/);
    expect(error.details['turns']).toMatchObject([{ accepted: true }]);
    expect([world.status, t.context.model.world(world.id).childIds.length]).toEqual(['running', 6]);
    expect(await variable(t, world, 'walk')).not.toContain('"step":2');
    expect(await go(t, world, { programs: own })).toMatchObject({ complete: true, length: 2 });
  });

  it('says what failed, and takes its push-down back', async () => {
    const { t, world } = await walker();
    const head = world.head;
    const hanging = programs(({ agent }) => (agent === 'coordinator' ? { code: 'hang' } : undefined));
    await refused(
      go(t, world, { programs: hanging, timeoutMs: 50 }),
      'EXECUTION_TIMEOUT',
      /50 ms.*\(0 of 1 steps/,
    );
    expect([world.head, world.status]).toEqual([head, 'running']);
  });

  it('says how to end its push-down where it cannot: a verse was pushed down by somebody else', async () => {
    const { t, world } = await walker();
    let meddling: Promise<unknown> | undefined;
    const own = programs(({ agent }) => {
      if (agent !== 'validator') return undefined;
      meddling = pushDown(t.context, named(t, 'w/chaos'), {}, {});
      return { answer: 'no' };
    });
    const walking = go(t, world, { programs: own });
    await refused(
      walking,
      'PUSH_DOWN_OPEN',
      /wr void w\/chaos The push-down of this turn is still open \(.*Take it back: wr void w \(0 of 1/,
    );
    await meddling;
    expect(world.status).toBe('snapshotted');
  });

  it('does not adopt what somebody else did in the coordinator’s world', async () => {
    const { t, world } = await walker();
    let meddling: Promise<unknown> | undefined;
    const own = programs(({ agent }) => {
      if (agent === 'validator') meddling = run(t, named(t, 'w/optimal'), 'set walk stolen');
      return undefined;
    });
    await refused(go(t, world, { programs: own }), 'HEAD_MOVED', /something else ran in it/);
    await meddling;
    expect([world.status, await variable(t, world, 'walk')]).toEqual(['running', "'[]'"]);
  });

  it('leaves a push-down to void when the process dies, and then goes on as if nothing had been', async () => {
    const whole = await walker();
    const roots = rootsOf(await go(whole.t, whole.world, { steps: 3 }));
    const { t, world } = await walker();
    let dying: Promise<TestRuntime> | undefined;
    const own = programs(({ agent, turn }) => {
      if (agent === 'validator' && turn === 1) dying ??= t.crash({ roots: true });
      return undefined;
    });
    const walking = go(t, world, { steps: 3, programs: own });
    await expect(walking).rejects.toThrow();
    const next = await (dying as Promise<TestRuntime>);
    const survivor = named(next, 'w');
    expect(survivor.status).toBe('snapshotted');
    await refused(go(next, survivor, { programs: own }), 'WORLD_FROZEN', /wr void w/);
    await voidPushDown(next.context, survivor, {});
    expect(rootsOf(await go(next, survivor, { steps: 2, programs: own }))).toEqual(roots.slice(1));
  });

  it('refuses a world whose walk is none', async () => {
    const { t, world } = await walker();
    for (const code of ['set walk 7', 'set walk [1]', 'unset walk']) {
      await run(t, world, code);
      await refused(go(t, world), 'BAD_INPUT', /variable walk .* is not the list/);
    }
    expect(world.childIds).toEqual([]);
  });
});
