import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';
import { type SimulatedWr, simulatedWr } from './cli-simulated.js';

/** Oracles that somebody else wrote: a Python function in a world of its own, and a command of the host. */

describe('a Python oracle', () => {
  let dataDir: string;
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wr-oracles-'));
  });
  afterAll(() => rm(dataDir, { recursive: true, force: true }));

  test('sees what the verses reported, and nothing of what they did to their interpreter', async () => {
    await using runtime = await WorldRuntime.open({ dataDir });
    const world = await runtime.create({ name: 'w' });
    const poison = 'import builtins\nbuiltins.ascii = lambda _: "chaos"';
    expect((await world.execute(poison)).ok).toBe(true);
    const { verses } = await world.pushDown();
    const costs = { nash: 2, optimal: '3/2', chaos: '14/9' };
    for (const [name, cost] of Object.entries(costs)) {
      const reported = await verses[name]?.execute(
        `import world\nfrom fractions import Fraction\nworld.report(cost=Fraction("${cost}"))`,
      );
      expect(reported).toMatchObject({ ok: true, error: null });
    }
    const failing = [
      ['def oracle(outcomes): return 1 / 0', /raised ZeroDivisionError/],
      ['def oracle(outcomes): return "nobody"', /returned "nobody".*nash, optimal, chaos/],
      ['def oracle(outcomes): return None', /returned null/],
      ['x = 1', /raised NameError/],
    ] as const;
    for (const [code, says] of failing) {
      await expect(world.pullUp({ oracle: 'python', code })).rejects.toThrow(says);
    }
    const code = [
      'from fractions import Fraction',
      'def oracle(outcomes):',
      '    print("seen", len(outcomes))',
      '    if ascii("") == "chaos": return "chaos"',
      '    return min(outcomes, key=lambda one: Fraction(one["cost"]))["name"]',
    ].join('\n');
    const resolved = await world.pullUp({ oracle: 'python', code });
    expect(resolved.winner.outcome).toBe('optimal');
    expect(resolved.oracle).toMatchObject({
      source: 'python',
      evidence: { printed: 'seen 3', reports: [{ cost: '2' }, { cost: '3/2' }, { cost: '14/9' }] },
    });
    expect(resolved.wev.wev).toBe('1/3');
    // Its world left nothing behind.
    expect(await runtime.list({ all: true })).toHaveLength(4);
  }, 120_000);
});

describe('wr condition and the oracle command', () => {
  let wr: SimulatedWr;
  beforeAll(() => {
    wr = simulatedWr();
  });
  afterAll(() => wr.remove());

  test('an answer is proposed by a command, disputed, proposed by hand, and final', async () => {
    await wr.wr('create', 'bank');
    await wr.wr('ledger', 'deposit', 'bank', 'USD=100');
    const opened = await wr.wr(
      'condition',
      'open',
      'bank',
      '--outcome',
      'rain:0.3',
      '--outcome',
      'dry:0.7',
      '--dispute-window',
      '1h',
    );
    expect(opened.out).toMatch(/dispute window +3600 s/);
    await wr.wr('ledger', 'split', 'bank', 'USD=40');
    const command = `grep -q '"name":"rain"' && echo looked && echo rain`;
    const proposed = await wr.wr('condition', 'propose', 'bank', '--command', command, '--note', 'radar');
    expect(proposed.out).toMatch(/proposed +rain by @system \(command\)/);
    expect(proposed.out).toMatch(
      /evidence +\{"note":"radar","command":.*"exitCode":0,"printed":"looked\\nrain\\n"/,
    );
    expect((await wr.wr('condition', 'list')).out).toMatch(
      /cnd_\w+ +bank +proposed +rain, dry +rain +\d{4}-/,
    );
    const early = await wr.wr('condition', 'finalise', 'bank');
    expect([early.code, early.err]).toEqual([
      4,
      expect.stringMatching(/DISPUTE_WINDOW_OPEN|can be disputed until/),
    ]);
    expect((await wr.wr('condition', 'dispute', 'bank', '--as', 'bank')).out).toMatch(
      /state +disputed[\s\S]*disputed +1 times/,
    );
    expect((await wr.wr('condition', 'void', 'bank')).out).toMatch(/final \(void\)/);
    expect((await wr.wr('condition', 'list')).out).toMatch(/no open conditions/);
    // Shares are paid by probability, and nothing is lost.
    expect((await wr.wr('ledger', 'balances', 'bank')).out).toMatch(/USD +100/);
  });

  test('a command that fails, prints nonsense or is told nothing to run answers nothing', async () => {
    await wr.wr('create', 'w');
    await wr.wr('push-down', 'w');
    const say = async (...args: string[]) => {
      const { code, err } = await wr.wr('pull-up', 'w', ...args);
      return `${code} ${err}`;
    };
    expect(await say('--command', 'exit 3')).toMatch(/^4 .*printed nothing and exited with 3/);
    expect(await say('--command', 'echo nobody')).toMatch(/^4 .*printed "nobody" last/);
    expect(await say('--command', 'echo nash; exit 1')).toMatch(/^4 .*exited with 1/);
    expect(await say('--command', 'kill -9 $$')).toMatch(/^4 .*ended by SIGKILL/);
    expect(await say('--oracle', 'command')).toMatch(/^2 .*--command "LINE"/);
    expect(await say('--oracle', 'python')).toMatch(/^2 .*--python FILE/);
    expect(await say('--oracle', 'least-cost', '--command', 'true')).toMatch(/^2 .*contradict/);
    expect(await say('--outcome', 'nash', '--command', 'true')).toMatch(/^2 .*leave --outcome out/);
    const file = join(wr.dataDir, 'oracle.py');
    await writeFile(file, 'def oracle(outcomes): return "nash"');
    expect(await say('--python', file)).toMatch(/^4 .*raised/);
    // Without a line its exit code is the number of the outcome.
    const resolved = await wr.wr('pull-up', 'w', '--command', 'exit 2');
    expect(resolved.out).toMatch(/winner +chaos[\s\S]*oracle +command/);
  });
});
