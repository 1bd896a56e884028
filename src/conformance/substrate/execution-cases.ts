import type { Run } from './bench.js';
import type { SubstrateCase } from './substrate-case.js';

/** A host time well after the start of every bench. 2027-01-15T08:00:00Z. */
const LATER_NS = 1_800_000_000_000_000_000n;
const SECOND_NS = 1_000_000_000n;
/** A guest may keep time in microseconds or as a float of seconds. */
const CLOCK_SLACK_NS = 1_000_000n;

function outputOf(run: Run, stream: 'stdout' | 'stderr'): string {
  return run.output
    .filter((chunk) => chunk.stream === stream)
    .map((chunk) => chunk.text)
    .join('');
}

const OUTCOMES: readonly SubstrateCase[] = [
  {
    name: 'an exception commits what ran before it',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 1));
      const failed = await world.raises(dialect.join(dialect.set('x', 2), dialect.fail('on purpose')));
      expect(failed.changed, 'changed').toBe(true);
      expect(failed.value, 'value').toBe(null);
      expect(failed.error?.message, 'message').toContain('on purpose');
      expect(await world.value(dialect.get('x')), 'in the machine').toBe('2');
      const reopened = await bench.restore(await world.snapshot(), world.identity);
      expect(await reopened.value(dialect.get('x')), 'in the state').toBe('2');
    },
  },
  {
    name: 'code that does not compile changes nothing and runs nothing',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 1));
      const code = dialect.join(dialect.set('x', 2), dialect.print('never'), dialect.syntaxError);
      const refused = await world.raises(code, 'SyntaxError');
      expect(refused.changed, 'changed').toBe(false);
      expect(refused.stdout, 'stdout').toBe('');
      expect(refused.effects, 'effects').toEqual([]);
      expect(await world.value(dialect.get('x'))).toBe('1');
    },
  },
  {
    name: 'an execution that succeeds answers its value and says that it changed the world',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const set = await world.run(dialect.set('x', 12));
      expect([set.ok, set.changed, set.value, set.error]).toEqual([true, true, null, null]);
      const get = await world.run(dialect.get('x'));
      expect([get.ok, get.value, get.stdout, get.stderr]).toEqual([true, '12', '', '']);
      expect(get.runMs, 'runMs').toBeGreaterThanOrEqual(0);
    },
  },
  {
    name: 'the value is the repr of a trailing expression, and null for None and for statements',
    needs: ['python'],
    async run(bench) {
      const world = await bench.open();
      const examples: readonly (readonly [code: string, value: string | null])[] = [
        ['1 + 1', '2'],
        ["'text'", "'text'"],
        ['None', null],
        ['y = 3', null],
        ['y = 4\ny * 2', '8'],
        ['y; y + 1', '5'],
        ['for _ in range(2):\n    _', null],
        ['', null],
        ['# only a comment', null],
        ['[1,\n 2]', '[1, 2]'],
        ["'😀 ☃'", "'😀 ☃'"],
      ];
      for (const [code, value] of examples) bench.expect(await world.value(code), code).toBe(value);
    },
  },
  {
    name: 'an exception is told as Python tells it, without frames of the harness',
    needs: ['python'],
    async run(bench) {
      const { expect } = bench;
      const world = await bench.open();
      await world.value('def divide(a, b):\n    return a / b');
      const { error } = await world.raises('divide(1, 0)', 'ZeroDivisionError');
      expect(error?.message).toBe('division by zero');
      const text = error?.traceback ?? '';
      expect(text).toMatch(/^Traceback \(most recent call last\):\n/);
      expect(text.trimEnd()).toMatch(/ZeroDivisionError: division by zero$/);
      expect(text.match(/^ {2}File /gm)?.length, `frames in:\n${text}`).toBe(2);
      expect(text, 'the frame of the function').toContain('in divide');
    },
  },
  {
    name: 'SystemExit, exit() and KeyboardInterrupt raised by the code are ordinary exceptions',
    needs: ['python'],
    async run(bench) {
      const { expect } = bench;
      const world = await bench.open();
      await world.raises('kept = 1\nraise SystemExit(3)', 'SystemExit');
      await world.raises('import sys\nsys.exit(2)', 'SystemExit');
      await world.raises('kept += 1\nraise KeyboardInterrupt', 'KeyboardInterrupt');
      expect(await world.value('kept')).toBe('2');
    },
  },
];

const OUTPUT: readonly SubstrateCase[] = [
  {
    name: 'output arrives in the order it was written, on its own stream',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const run = await world.run(
        dialect.join(dialect.print('one'), dialect.printError('two'), dialect.print('three')),
      );
      expect([run.stdout, run.stderr]).toEqual(['one\nthree\n', 'two\n']);
      expect(outputOf(run, 'stdout'), 'streamed stdout').toBe(run.stdout);
      expect(outputOf(run, 'stderr'), 'streamed stderr').toBe(run.stderr);
      expect(run.output.map((chunk) => chunk.text).join(''), 'order across streams').toBe(
        'one\ntwo\nthree\n',
      );
      expect([run.stdoutTruncated, run.stderrTruncated]).toEqual([false, false]);
    },
  },
  {
    name: 'output of one execution is not repeated by the next',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.run(dialect.print('first'));
      const state = await world.snapshot();
      expect((await world.run(dialect.print('second'))).stdout).toBe('second\n');
      expect((await (await bench.branch(state)).run(dialect.print('third'))).stdout).toBe('third\n');
    },
  },
  {
    name: 'a partial line and every kind of character come through',
    needs: ['python'],
    async run(bench) {
      const world = await bench.open();
      const run = await world.run("import sys\nprint('é☃😀', end='')\n_ = sys.stdout.write('\\x00\\t')");
      bench.expect(run.stdout).toBe('é☃😀\u0000\t');
      bench.expect(outputOf(run, 'stdout')).toBe('é☃😀\u0000\t');
    },
  },
];

const EFFECTS: readonly SubstrateCase[] = [
  {
    name: 'reports and transfers come out in order',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const balances = { GOLD: '9' };
      const code = dialect.join(
        dialect.report('3/2', '7'),
        dialect.transfer('ada', 'GOLD', '5'),
        dialect.transfer('bob', 'GOLD', '1'),
      );
      const run = await world.run(code, { balances });
      expect(run.error).toBe(null);
      expect(run.effects).toEqual([
        { kind: 'report', cost: '3/2', value: '7' },
        { kind: 'transfer', to: 'ada', token: 'GOLD', amount: '5' },
        { kind: 'transfer', to: 'bob', token: 'GOLD', amount: '1' },
      ]);
      const quiet = await world.run(dialect.print('nothing'), { balances });
      expect(quiet.effects, 'effects of the next execution').toEqual([]);
    },
  },
  {
    name: 'an exception drops the effects of its execution',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const failed = await world.raises(dialect.join(dialect.report('1', '1'), dialect.fail('too late')));
      expect(failed.effects).toEqual([]);
      expect((await world.run(dialect.print('next'))).effects, 'of the next execution').toEqual([]);
    },
  },
  {
    name: 'a transfer of more than there is raises in the guest, and what was sent before is dropped with it',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const code = dialect.join(dialect.transfer('ada', 'GOLD', '3'), dialect.transfer('bob', 'GOLD', '3'));
      const refused = await world.run(code, { balances: { GOLD: '5' } });
      expect(refused.error?.type, 'type of the exception').toBe('InsufficientBalance');
      expect(refused.effects, 'effects').toEqual([]);
    },
  },
  {
    name: 'balances are what the request says, exact, and 0 for a token it does not name',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const huge = (2n ** 256n - 1n).toString();
      expect(await world.value(dialect.balance('GOLD'), { balances: { GOLD: huge } })).toBe(huge);
      expect(await world.value(dialect.balance('GOLD'), { balances: { GOLD: '5' } })).toBe('5');
      expect(await world.value(dialect.balance('GOLD'))).toBe('0');
      const child = await bench.branch(await world.snapshot());
      expect(await child.value(dialect.balance('GOLD'), { balances: { GOLD: '4' } }), 'of a child').toBe('4');
    },
  },
];

const CLOCK: readonly SubstrateCase[] = [
  {
    name: "the guest's clock follows the host's and never goes back",
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const read = async (clockNs: bigint) => BigInt((await world.value(dialect.now, { clockNs })) ?? '0');
      const first = await read(LATER_NS);
      expect(first, 'not before the host').toBeGreaterThanOrEqual(LATER_NS - CLOCK_SLACK_NS);
      expect(first, 'not long after the host').toBeLessThanOrEqual(LATER_NS + 60n * SECOND_NS);
      const second = await read(LATER_NS - 3600n * SECOND_NS);
      expect(second, 'after the host went back an hour').toBeGreaterThanOrEqual(first);
      const third = await read(LATER_NS + 7200n * SECOND_NS);
      expect(third, 'two hours later').toBeGreaterThanOrEqual(LATER_NS + 7200n * SECOND_NS - CLOCK_SLACK_NS);
    },
  },
  {
    name: 'the clock never goes back across a snapshot or a branch, and catches up with the host',
    needs: ['memory'],
    async run(bench) {
      const { dialect, expect } = bench;
      const parent = await bench.open();
      const before = BigInt((await parent.value(dialect.now, { clockNs: LATER_NS })) ?? '0');
      const state = await parent.snapshot();
      for (const world of [await bench.restore(state, parent.identity), await bench.branch(state)]) {
        const early = await world.value(dialect.now, { clockNs: LATER_NS - 3600n * SECOND_NS });
        expect(BigInt(early ?? '0'), 'with a host that is behind').toBeGreaterThanOrEqual(before);
        const late = await world.value(dialect.now, { clockNs: LATER_NS + 3600n * SECOND_NS });
        const expected = LATER_NS + 3600n * SECOND_NS - CLOCK_SLACK_NS;
        expect(BigInt(late ?? '0'), 'with a host that is ahead').toBeGreaterThanOrEqual(expected);
      }
    },
  },
  {
    name: 'sleeping takes guest time',
    needs: [],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const before = BigInt((await world.value(dialect.now, { clockNs: LATER_NS })) ?? '0');
      const code = dialect.join(dialect.sleep(50), dialect.now);
      const after = BigInt((await world.value(code, { clockNs: LATER_NS })) ?? '0');
      expect(after - before, 'guest time between').toBeGreaterThanOrEqual(50_000_000n - CLOCK_SLACK_NS);
    },
  },
];

/** What one execution may do, say and ask for. */
export const EXECUTION_CASES: readonly SubstrateCase[] = [...OUTCOMES, ...OUTPUT, ...EFFECTS, ...CLOCK];
