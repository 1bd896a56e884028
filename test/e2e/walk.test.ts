import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type World, WorldError, WorldRuntime } from '../../src/index.js';
import { streamAt } from '../../src/model/split-mix.js';
import { colourOf } from '../../src/multiverse/index.js';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

async function opened(): Promise<WorldRuntime> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wr-walk-test-'));
  folders.push(dataDir);
  return WorldRuntime.open({ dataDir, workers: 2 });
}

const YES = 'def verify(given):\n    return True';
/** Takes what the agent that is built in would answer for granted, and does something else to the walk. */
const coordinator = (doing: string) => `
def formalise(given):
    step = {**given["step"], "colour": given["proposal"]["colours"][0], "trits": [1, 0, -1]}
    ${doing}
    return step
`;
const HONEST = `
import world

def formalise(given):
    colours = given["proposal"]["colours"]
    colour = colours[world.SplitMix64(int(given["seed"], 16)).u64() % 5]
    step = {**given["step"], "colour": colour, "trits": [1, 0, -1]}
    DOING
    return step
`;

async function reasons(world: World, programs: Parameters<World['walk']>[0]): Promise<(string | null)[]> {
  const { turns, accepted } = await world.walk({ steps: 1, attempts: 1, ...programs });
  expect(accepted).toBe(0);
  return turns.map(({ reason }) => reason);
}

describe('a walk of Python agents', () => {
  test('is the same in another data directory, and holds against agents that cheat', async () => {
    await using runtime = await opened();
    await using elsewhere = await opened();
    const world = await runtime.create({ seed: 1 });
    const other = await elsewhere.create({ seed: 2 });
    await other.execute('import math\nunrelated = math.pi');
    const walked = await world.walk({ steps: 2 });
    const again = await other.walk({ steps: 2, seed: '0x42d' });
    const known = ({ turns }: typeof walked) =>
      turns.map(({ colour, seed, walkRoot }) => [colour, seed, walkRoot]);
    expect(known(again)).toEqual(known(walked));
    expect(walked).toMatchObject({
      complete: true,
      genesis: '0x000000000000042d',
      turns: [
        {
          colour: '#5e2f51',
          trits: [1, 0, -1],
          gf3Sum: 0,
          stateRoot: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        { colour: '#c2cef8', accepted: true, reason: null },
      ],
    });
    // Who a world is, is part of its state: so is the time at which its code ran.
    expect(again.turns[0]?.stateRoot).not.toBe(walked.turns[0]?.stateRoot);
    const kept = 'sorted(n for n in globals() if not n.startswith("_"))';
    expect((await world.execute(kept)).value).toBe("['formalise', 'walk', 'world']");

    const { head } = await world.show();
    const no = 'the validator disagrees: ';
    // The same number from TypeScript as from the guest.
    const firstColour = colourOf(streamAt(0x23369d122fd933c5n, 0));
    const honest = (doing: string) => ({ coordinator: HONEST.replace('DOING', doing) });
    expect(await reasons(world, { coordinator: coordinator('walk.append(step)') })).toEqual([
      `${no}colour of the step is '${firstColour}' and should be '#0583bf'`,
    ]);
    const secretly = "walk.append({**step, 'colour': '#ffffff'})";
    expect(await reasons(world, honest(secretly))).toEqual([
      `${no}the coordinator's walk is not the accepted one with this step at its end`,
    ]);
    expect(await reasons(world, honest("walk[0]['colour'] = '#000000'; walk.append(step)"))).toEqual([
      expect.stringContaining("the coordinator's walk is not the accepted one"),
    ]);
    expect(await reasons(world, honest("step['turn'] = 0; walk.append(step)"))).toEqual([
      `${no}turn of the step is 0 and should be 2`,
    ]);
    const proposed = 'def propose(given):\n    return {"colours": ["#123456"] * 5}';
    expect(await reasons(world, { generator: proposed })).toEqual([
      `${no}the proposal is not that of the generator's seed`,
    ]);
    const refusing = 'def verify(given):\n    assert given["step"]["colour"] < "#0", given["step"]["colour"]';
    expect(await reasons(world, { validator: refusing })).toEqual([
      'the validator raised AssertionError: #0583bf',
    ]);
    const first = walked.turns[0]?.walkRoot?.slice(0, 16);
    expect(await reasons(world, { coordinator: coordinator('walk.pop()'), validator: YES })).toEqual([
      `revisits the state with root ${first}`,
    ]);
    const answers = 'def verify(given):\n    return "it\'s \\"not\\" \\\\ fine"';
    expect(await reasons(world, { validator: answers })).toEqual([`${no}it's "not" \\ fine`]);
    const nothing = { validator: 'x = 1' };
    expect(await reasons(world, nothing)).toEqual([
      expect.stringMatching(/defines no function verify\(given\)/),
    ]);
    await expect(world.walk({ generator: 'def propose(' })).rejects.toThrow(
      /The generator's program does not compile: SyntaxError/,
    );
    expect(await world.show()).toMatchObject({ head, status: 'running' });

    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 300);
    const endless = { validator: 'def verify(given):\n    while True: pass' };
    const stopped = world.walk({ steps: 3, ...endless }, { signal: interruption.signal });
    const error = await stopped.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorldError);
    expect(error).toMatchObject({ code: 'INTERRUPTED' });
    expect(String(error)).toMatch(/0 of 3 steps were accepted; world \S+ is where that left it/);
    expect(await world.show()).toMatchObject({ head, status: 'running' });
    expect(await runtime.list()).toHaveLength(1);

    // As long as a walk can be, it still fits into one value.
    const longest = `walk[:] = [{**walk[0], "step": n, "turn": 2**32 - 9000 + n} for n in range(1, 3000)]`;
    await world.execute(longest);
    const last = await world.walk({ steps: 1, seed: 8 });
    expect(last).toMatchObject({ complete: true, length: 3000 });
    await expect(world.walk({ steps: 1, seed: 8 })).rejects.toThrow(/has 3000 steps, the most/);
  }, 120_000);
});
