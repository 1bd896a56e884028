import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACTIONS, type ActionName, type ActionOutput } from '../../src/actions/table.js';
import { type SimulatedWr, sayIn, simulatedWr } from './cli-simulated.js';

/** Every command, in this process, on real storage and the simulated substrate. */

let wr: SimulatedWr;
let files: string;
beforeAll(() => {
  wr = simulatedWr();
  files = mkdtempSync(join(tmpdir(), 'wr-cli-files-'));
});
afterAll(() => {
  wr.remove();
  rmSync(files, { recursive: true, force: true });
});

/** What `--json` prints, parsed by the schema of the action's output. */
async function run<N extends ActionName>(action: N, ...args: string[]): Promise<ActionOutput<N>> {
  return ACTIONS[action].output.parse(await wr.json(...args)) as ActionOutput<N>;
}

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(files, name);
  writeFileSync(path, content);
  return path;
}

const fail = async (...args: string[]) => {
  const said = await wr.wr(...args, '--json');
  expect(said.out).toBe('');
  return {
    exitCode: said.code,
    ...(JSON.parse(said.err) as { error: { code: string; message: string } }).error,
  };
};

describe('a life from create to pull-up, with --json', () => {
  test('create takes a name, a seed, limits and metadata', async () => {
    const world = await run(
      'create',
      ...['create', 'market', '--seed', '7', '--memory', '64MiB', '--timeout', '5s', '--metadata', 'by=test'],
    );
    expect(world).toMatchObject({ name: 'market', seed: '7', verse: 'root', metadata: { by: 'test' } });
    expect(world.limits).toMatchObject({ memoryBytes: 67_108_864, timeoutMs: 5000 });
  });

  test('exec runs code in the current world, in a named one, from a file', async () => {
    expect(await run('execute', 'exec', 'set x 41')).toMatchObject({ ok: true, world: 'market' });
    expect(await run('execute', 'exec', 'market', 'add x 1')).toMatchObject({ ok: true });
    const file = fileOf('get.py', 'get x');
    expect(await run('execute', 'exec', '-f', file)).toMatchObject({ value: '42' });
    expect(await run('execute', 'execute', 'market', '--file', file)).toMatchObject({ value: '42' });
  });

  test('exec knows which head it expects', async () => {
    const { head } = await run('show', 'show', 'market');
    const moved = await fail('exec', 'market', 'get x', '--expect-head', `${head.slice(0, -4)}0000`);
    expect(moved).toMatchObject({ exitCode: 3, code: 'STATE_NOT_FOUND' });
    const expected = await run('execute', 'exec', 'market', 'add x 0', '--expect-head', head);
    expect(expected.ok).toBe(true);
    expect(await fail('exec', 'market', 'get x', '--expect-head', head)).toMatchObject({
      exitCode: 4,
      code: 'HEAD_MOVED',
    });
  });

  test('a deposit shows in the balances', async () => {
    await run('deposit', 'ledger', 'deposit', 'market', 'USD=1000');
    expect(await run('deposit', 'deposit', 'EUR', '5')).toHaveLength(2);
    expect(await run('balances', 'balances')).toHaveLength(2);
    expect(await run('balances', 'ledger', 'balances', 'market')).toMatchObject([
      { token: 'EUR', amount: '5' },
      { token: 'USD', amount: '1000' },
    ]);
  });

  test('snapshot, create from it, branch with and without names', async () => {
    expect(await run('snapshot', 'snapshot', 'market', 'pre-event')).toMatchObject({ name: 'pre-event' });
    const copy = await run('create', 'create', '--snapshot', 'pre-event', '--verse', 'nash', '--trit', '-1');
    expect(copy).toMatchObject({ verse: 'nash', trit: -1 });
    const three = await run('branch', 'branch', 'market');
    expect(three.children.map(({ trit }) => trit)).toEqual([-1, 0, 1]);
    const two = await run('branch', 'branch', 'market', '--child', 'a=-1', '--child', 'b=+1');
    expect(two.children.map(({ name }) => name)).toEqual(['market/a', 'market/b']);
    expect((await run('branch', 'branch', 'market', '-n', '5')).gf3Sum).toBe(0);
  });

  test('rewind goes back by steps and to a snapshot', async () => {
    await run('execute', 'exec', 'market', 'set x 0');
    await run('rewind', 'rewind', 'market', '--steps', '1');
    expect(await run('execute', 'exec', 'market', 'get x')).toMatchObject({ value: '42' });
    await run('rewind', 'rewind', 'market', '--to', 'pre-event');
  });

  test('push-down takes outcomes and amounts, and exec-all programs', async () => {
    const pushed = await run(
      'push-down',
      ...[
        'push-down',
        'market',
        '--outcome',
        'nash:-1:0.6',
        '--outcome',
        'optimal:+1:0.4',
        '--amount',
        'USD=400',
      ],
    );
    expect(pushed.outcomes.map(({ probability }) => probability)).toEqual(['0.6', '0.4']);
    expect(await run('balances', 'balances')).toHaveLength(4);
    const items = await run(
      'execute-in-all',
      ...['exec-all', 'market', '--program', `nash=${fileOf('nash', 'report cost 2')}`],
      ...['--code', 'optimal=report cost 3/2'],
    );
    expect(items.map(({ execution }) => execution?.ok)).toEqual([true, true]);
    const some = await run('execute-in-all', 'execute-in-all', 'get x', '--in', 'market/nash');
    expect(some).toMatchObject([{ world: 'market/nash', execution: { value: '42' } }]);
  });

  test('pull-up takes an oracle and measures', async () => {
    const resolved = await run('pull-up', 'pull-up', 'market', '--oracle', 'least-cost');
    expect(resolved).toMatchObject({ winner: { outcome: 'optimal' }, wev: { wev: '1/3', poa: '4/3' } });
    const [row] = await run('resolutions', 'resolutions', '--limit', '1');
    expect(row).toMatchObject({ wev: '1/3', oracle_source: 'least-cost' });
  });

  test('a market quotes, sells and buys the outcomes of a push-down, and is closed when it is settled', async () => {
    await run('create', 'create', 'bank');
    await run('deposit', 'ledger', 'deposit', 'bank', 'USD=2000');
    await run('create', 'create', 'asked');
    await run('push-down', 'push-down', 'asked');
    const where = ['--world', 'asked'];
    const open = ['market', 'open', 'USD', '1000', '--funder', 'bank', ...where];
    const { conditionId } = await run('market-open', ...open);
    const { market, trade } = await run('market-quote', 'market', 'quote', ...where);
    expect([market.subsidy, trade]).toEqual(['1099', null]);
    const quoted = await run('market-quote', 'market', 'quote', 'optimal', '100', ...where);
    expect(quoted.trade).toMatchObject({ side: 'buy', amount: '35' });
    const order = ['optimal', '100', '--as', 'bank', ...where];
    const dear = await fail('market', 'buy', ...order, '--limit', '34');
    expect(dear).toMatchObject({ exitCode: 4, code: 'PRICE_MOVED' });
    expect(await run('market-buy', 'market', 'buy', ...order, '--limit', '35')).toEqual(quoted.trade);
    const said = await wr.wr('market', 'quote', 'optimal', '40', '--sell', '--condition', conditionId);
    expect(said.out).toMatch(/^40 optimal would bring 14 USD; the prices then:\nOUTCOME +PRICE +VERSE/);
    const sold = await wr.wr('market', 'sell', 'optimal', '40', '--as', 'bank', ...where);
    expect(sold.out).toMatch(/^sold 40 optimal for 14 USD\n/);
    expect((await wr.wr('market', 'quote', ...where)).out).toMatch(
      /subsidy +1099\n[\s\S]*optimal +0\.34\d+ /,
    );
    await run('pull-up', 'pull-up', 'asked');
    const closed = await wr.wr('market', 'close', conditionId);
    expect(closed.out).toMatch(/ got 1060 USD back\n$/);
    expect(await run('balances', 'balances', 'bank')).toMatchObject([{ verse: 'root', amount: '2000' }]);
    await run('delete', 'delete', 'asked');
    await run('delete', 'delete', 'bank');
  });

  test('the ledger moves money inside a verse, tells what it was, and what is had by outcome', async () => {
    await run('create', 'create', 'fund');
    await run('deposit', 'ledger', 'deposit', 'fund', 'EUR=1000');
    await run('push-down', 'push-down', 'fund');
    await run('transfer', 'ledger', 'transfer', 'fund/nash', 'EUR=250', '--to', 'alice');
    const value = await wr.wr('ledger', 'value', 'fund', '--by-outcome');
    expect(value.out).toMatch(/nash +0\.450 +EUR +750 +█{23}\n/);
    expect(value.out).toMatch(/expected +EUR +1775\/2 \(~888\)/);
    const history = await wr.wr('ledger', 'history', 'fund', '--limit', '2');
    expect(history.out).toMatch(/transfer +@system +250 EUR, from wld_\w+, to alice, verse vrs_/);
    expect(await fail('ledger', 'transfer', 'EUR=1')).toMatchObject({ exitCode: 2 });
    expect(await fail('ledger', 'withdraw', 'fund/nash', 'EUR=1')).toMatchObject({ code: 'FORBIDDEN' });
    await run('pull-up', 'pull-up', 'fund');
    expect(await run('withdraw', 'ledger', 'withdraw', 'fund', 'EUR=1000')).toEqual([]);
    expect((await wr.wr('ledger', 'verify')).out).toMatch(/^ok +\d+ operations in \d+ entries/);
    expect((await wr.wr('budget', 'fund', '--add', '2s')).out).toBe(
      'World fund has 2.00 s left (2000000 COMPUTE).\n',
    );
    await run('execute', 'exec', 'fund', 'set y 1');
    expect((await run('budget', 'budget', 'fund')).leftSeconds).toBeLessThan(2);
    await run('delete', 'delete', 'fund');
  });

  test('void takes a push-down back', async () => {
    await run('push-down', 'push-down', 'market');
    expect((await run('void', 'void', 'market')).collapsedWorldIds).toHaveLength(3);
  });

  test('list, show, log, rows, query and delete', async () => {
    const alive = await run('list', 'ls');
    const all = await run('list', 'list', '--all');
    expect(all.length).toBeGreaterThan(alive.length);
    expect(await run('show', 'show', 'market')).toMatchObject({ name: 'market', status: 'running' });
    expect(await run('log', 'log', 'market', '--limit', '2')).toHaveLength(2);
    expect(await run('entities', 'entities')).toHaveLength(all.length);
    expect((await run('branches', 'branches')).length).toBeGreaterThan(3);
    expect((await run('metrics', 'metrics', '--limit', '3')).length).toBe(3);
    const query = await run('query', 'query', 'SELECT count(*)::INT AS n FROM worlds');
    expect(query).toEqual({ columns: ['n'], rows: [[all.length]], truncated: false });
    expect(await run('delete', 'rm', 'market/a')).toMatchObject({ name: 'market/a' });
  });
});

describe('for people', () => {
  test('exec prints output and value, and the traceback on stderr', async () => {
    expect(await wr.wr('exec', 'market', 'print hello\nwarn careful\nset y 5\nget y')).toEqual({
      code: 0,
      out: 'hello\n5\n',
      err: 'careful\n',
    });
    const raised = await wr.wr('exec', 'market', 'print before\nfail no luck');
    expect(raised).toMatchObject({ code: 1, out: 'before\n' });
    expect(raised.err).toContain('no luck');
  });

  test('a guest that raised is exit code 1 and no error with --json', async () => {
    const said = await wr.wr('exec', 'market', 'fail no luck', '--json');
    expect(said).toMatchObject({ code: 1, err: '' });
    expect(ACTIONS.execute.output.parse(JSON.parse(said.out)).ok).toBe(false);
  });

  test('exec-all says who did what, and is 1 when one of them raised', async () => {
    await wr.wr('push-down', 'market');
    const fine = await wr.wr('exec-all', 'market', 'print hi\nget x');
    expect(fine.code).toBe(0);
    expect(fine.out).toContain('== market/nash\nhi\n');
    expect(fine.out).toMatch(/market\/chaos +chaos +⊕ \+1 generator +ok +42/);
    const mixed = await wr.wr(
      ...[
        'exec-all',
        'market',
        '--code',
        'nash=fail no luck',
        '--code',
        'optimal=get x',
        '--code',
        'chaos=get x',
      ],
    );
    expect(mixed.code).toBe(1);
    expect(mixed.err).toMatch(/== market\/nash\n[\s\S]*no luck/);
    expect(await wr.wr('exec-all', 'market', '--code', 'nash=get x')).toMatchObject({ code: 2 });
  });

  test('the tree shows verses under their world', async () => {
    const { out } = await wr.wr('list', '--tree');
    expect(out).toMatch(/├─ ⊖ market\/nash {2}verse nash {2}p 0.45 {2}running/);
    await wr.wr('pull-up', 'market', '--outcome', 'chaos');
  });

  test('WEV that is not there is null with its reason', async () => {
    const { out } = await wr.wr('resolutions');
    expect(out).toContain('null: no cost was reported for nash');
    expect(out).toContain('1/3 (~0.333333)');
  });

  test.each([
    ['snapshot market s1', /s1 \(snp_/],
    ['branch market -n 1', /market\/[\d-]+ +root/],
    ['rewind market', /is at stt_/],
    ['show market', /status +running/],
    ['log market', /CODE +RESULT/],
    ['metrics', /snapshot_time_ms/],
    ['entities', /entity_type/],
    ['branches', /gf3_sum/],
    ['ledger balances', /AMOUNT \(base units\)/],
    ['list --all', /collapsed/],
    ['rm market/b', /deleted market\/b/],
  ])('wr %s', async (line, expected) => {
    const said = await wr.wr(...line.split(' '));
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).toMatch(expected);
  });

  test('a query that found more than it may return says so', async () => {
    const said = await wr.wr('query', 'SELECT * FROM range(5)', '--rows-max', '2');
    expect(said.out.trim().split('\n')).toHaveLength(3);
    expect(said.err).toContain('--rows-max');
  });
});

describe('errors', () => {
  test.each([
    ['show nobody', 3, 'WORLD_NOT_FOUND'],
    ['create --snapshot nothing', 3, 'SNAPSHOT_NOT_FOUND'],
    ['rewind market --to nowhere', 3, 'STATE_NOT_FOUND'],
    ['rewind market --to s1 --steps 1', 2, 'BAD_INPUT'],
    ['create market', 4, 'NAME_TAKEN'],
    ['pull-up market', 4, 'NO_PUSH_DOWN'],
    ['create --substrate firecracker', 6, 'UNSUPPORTED'],
    ['branch market --child a=-1 --child b=-1', 2, 'TRITS_UNBALANCED'],
    ['push-down market --outcome a:-1:0.5 --outcome b:+1:0.6', 2, 'PROBABILITIES_UNBALANCED'],
    ['push-down market --amount USD=99999999', 4, 'INSUFFICIENT_BALANCE'],
    ['ledger deposit market USD=1.5', 2, 'BAD_INPUT'],
    ['query DROP', 2, 'QUERY_REFUSED'],
    ['create a b', 2, 'BAD_INPUT'],
    ['frobnicate', 2, 'BAD_INPUT'],
    ['list --frob', 2, 'BAD_INPUT'],
    ['delete', 2, 'BAD_INPUT'],
    ['create --trit 5', 2, 'BAD_INPUT'],
    ['create x --name y', 2, 'BAD_INPUT'],
    ['pull-up --oracle dice', 2, 'BAD_INPUT'],
    ['list --workers many', 2, 'BAD_INPUT'],
    ['exec -f /does/not/exist', 2, 'BAD_INPUT'],
    ['exec market code -f file', 2, 'BAD_INPUT'],
  ])('wr %s: exit code %d, %s', async (line, exitCode, code) => {
    expect(await fail(...line.split(' '))).toMatchObject({ exitCode, code });
  });

  test('are for people without --json: code, message, what to do', async () => {
    expect(await wr.wr('show', 'nobody')).toEqual({
      code: 3,
      out: '',
      err: 'error WORLD_NOT_FOUND: There is no world "nobody", or it was deleted and is forgotten. See: wr list --all\n',
    });
    const unknown = await wr.wr('exce');
    expect(unknown).toMatchObject({ code: 2, out: '' });
    expect(unknown.err).toContain('Did you mean exec?');
    expect((await wr.wr('list', '--al')).err).toContain('Did you mean --all?');
  });

  test('of a pull-up of a verse name the world to pull up instead', async () => {
    await wr.wr('push-down', 'market');
    await wr.wr('exec', 'optimal', 'get x');
    const said = await fail('pull-up');
    expect(said).toMatchObject({ exitCode: 4, code: 'NO_PUSH_DOWN' });
    expect(said.message).toContain('wr pull-up market');
    await wr.wr('void', 'market');
  });

  test('without any world say what to do', async () => {
    const empty = simulatedWr();
    expect(await empty.wr('exec', 'get x')).toMatchObject({ code: 3 });
    expect((await empty.wr('exec')).err).toContain('There is no code');
    expect((await empty.wr('list')).out).toContain('wr create');
    empty.remove();
  });

  test('a program that is not text is refused', async () => {
    const file = fileOf('binary', new Uint8Array([0xff, 0xfe, 0x00]));
    expect(await fail('exec', 'market', '-f', file)).toMatchObject({ exitCode: 2 });
  });

  test('a code that hangs times out', async () => {
    const said = await fail('exec', 'market', 'hang', '--timeout', '50ms');
    expect(said).toMatchObject({ exitCode: 5, code: 'EXECUTION_TIMEOUT' });
  });

  test('a defect is told as one', async () => {
    const said = await sayIn(['list'], () => Promise.reject(new TypeError('planted')));
    expect(said.code).toBe(1);
    expect(said.err).toMatch(/error INTERNAL: .*planted[\s\S]*TypeError/);
  });
});

describe('help', () => {
  const noRuntime = () => Promise.reject(new Error('help opens no runtime'));
  const lines = [
    ...Object.keys(ACTIONS),
    'ledger',
    'ledger deposit',
    'doctor',
    'demo',
    'bench',
    'ls',
    'exec-all',
  ];

  test.each(lines)('wr %s --help', async (line) => {
    const said = await sayIn([...line.split(' '), '--help'], noRuntime);
    expect(said).toMatchObject({ code: 0, err: '' });
    expect(said.out).toMatch(/^Usage: wr /);
    if (line !== 'ledger') expect(said.out).toContain('Examples:\n  ');
  });

  test('wr help exec is the help of exec', async () => {
    const [asked, opted] = [await sayIn(['help', 'exec'], noRuntime), await sayIn(['exec', '-h'], noRuntime)];
    expect(asked).toEqual(opted);
  });

  test('lists every command and the exit codes', async () => {
    const { out, code } = await sayIn(['--help'], noRuntime);
    expect(code).toBe(0);
    for (const word of ['push-down', 'doctor', 'WORLD_DATA_DIR', '130 interrupted'])
      expect(out).toContain(word);
  });

  test('without a command is on stderr, and usage', async () => {
    const said = await sayIn([], noRuntime);
    expect(said).toMatchObject({ code: 2, out: '' });
    expect(said.err).toContain('Usage: wr');
  });

  test('--version', async () => {
    expect((await sayIn(['--version'], noRuntime)).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('doctor', () => {
  test('looks at everything', async () => {
    const report = (await wr.json('doctor')) as { ok: boolean; checks: { name: string; status: string }[] };
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ name }) => name)).toEqual([
      'node',
      'data directory',
      'format',
      'journal',
      'catalog',
      'trits',
      'duckdb',
      'engine',
      'startup snapshot',
      'isolation',
      'close',
    ]);
  });

  test('rebuilds the catalog from the journal, with the same rows', async () => {
    const before = await wr.json('query', 'SELECT * FROM worlds ORDER BY world_id');
    const { out, code } = await wr.wr('doctor', '--rebuild');
    expect(code).toBe(0);
    expect(out).toMatch(/ok +rebuild +\d+ entries/);
    expect(await wr.json('query', 'SELECT * FROM worlds ORDER BY world_id')).toEqual(before);
  });

  test('replaces a catalog that cannot be opened, when asked to rebuild it', async () => {
    const before = await wr.json('query', 'SELECT * FROM worlds ORDER BY world_id');
    const catalog = join(wr.dataDir, 'catalog.duckdb');
    writeFileSync(catalog, 'this is no database'.repeat(1000));
    expect((await wr.wr('doctor')).out).toMatch(/fail +data directory +STORAGE_FAILED/);
    const rebuilt = await wr.wr('doctor', '--rebuild');
    expect(rebuilt.code).toBe(0);
    expect(rebuilt.out).toContain(`is now ${catalog}.damaged`);
    expect(await wr.json('query', 'SELECT * FROM worlds ORDER BY world_id')).toEqual(before);
  });

  test('fails, and says why, where there is no data directory of ours', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wr-cli-foreign-'));
    writeFileSync(join(folder, 'letters.txt'), 'mine');
    const said = await wr.wr('doctor', '--data-dir', folder);
    expect(said.code).toBe(1);
    expect(said.out).toMatch(/fail +data directory +DATA_DIR_VERSION: .*letters\.txt/);
    rmSync(folder, { recursive: true });
  });
});
