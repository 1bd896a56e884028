import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GraphView } from '../../src/model/graph-api.js';
import { type SimulatedWr, simulatedWr } from './cli-simulated.js';

/** Commands that make the command line comfortable, on the simulated substrate and a real catalog. */

let wr: SimulatedWr;

beforeAll(async () => {
  wr = simulatedWr();
  await wr.wr('create', 'market', '--seed', '7');
  await wr.wr('exec', 'market', 'set x 1');
});
afterAll(() => wr.remove());

describe('names and tags', () => {
  test('a world is renamed, tagged and found by its tag', async () => {
    await wr.wr('create', 'other');
    expect(await wr.wr('rename', 'other', 'better')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^other is now better \(wld_/),
    });
    expect(await wr.wr('rename', 'better', 'market')).toMatchObject({ code: 4 });
    expect(await wr.wr('tag', 'better', 'stage=two', 'by=ann')).toMatchObject({
      out: 'better: stage=two, by=ann\n',
    });
    expect(await wr.wr('tag', 'better', '--remove', 'by')).toMatchObject({ out: 'better: stage=two\n' });
    const tagged = (await wr.wr('list', '--tag', 'stage=two')).out;
    expect(tagged).toContain('better');
    expect(tagged).not.toContain('market');
    expect((await wr.wr('list', '--tag', 'stage=one')).out).toBe('no worlds; make one: wr create\n');
    const [row] = (
      (await wr.json('query', "SELECT * FROM worlds WHERE name = 'better'")) as { rows: string[][] }
    ).rows;
    expect(row?.join()).toContain('"stage":"two"');
    await wr.wr('delete', 'better');
    await wr.wr('show', 'market');
  });

  test('snapshots are listed, renamed and removed', async () => {
    expect((await wr.wr('snapshots')).out).toBe('no snapshots; take one: wr snapshot\n');
    await wr.wr('snapshot', 'market', 'one');
    expect(await wr.wr('rename', '--snapshot', 'one', 'first')).toMatchObject({ code: 0 });
    expect(await wr.json('snapshots', 'market')).toMatchObject([
      { name: 'first', world: 'market', worlds: 0 },
    ]);
    expect(await wr.wr('rename')).toMatchObject({ code: 2, err: expect.stringMatching(/no new name/) });
    await wr.wr('snapshot', 'market', 'two');
    await wr.wr('snapshot', 'market', 'three');
    expect(await wr.wr('snapshots', 'rm', 'two', 'three')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^removed snapshot two \(snp_\w+\)\nremoved snapshot three \(snp_\w+\)\n$/),
    });
    expect(await wr.wr('snapshots', 'rm', 'first', 'two')).toMatchObject({
      code: 3,
      err: expect.stringContaining('SNAPSHOT_NOT_FOUND'),
    });
    expect(await wr.json('snapshots')).toMatchObject([{ name: 'first' }]);
    await wr.wr('snapshot', 'market', 'four');
    expect(await wr.json('remove-snapshots', 'four')).toMatchObject([{ name: 'four' }]);
    expect(await wr.wr('snapshots', 'remove')).toMatchObject({ code: 2 });
    expect(await wr.wr('snapshots', '--help')).toMatchObject({ out: expect.stringMatching(/remove\|rm/) });
  });
});

describe('exec', () => {
  test('of the name of a world alone says what is missing, and runs nothing', async () => {
    const said = await wr.wr('exec', 'market');
    expect(said).toMatchObject({
      code: 2,
      err: expect.stringMatching(/market is the name of a world.*wr exec market CODE/),
    });
    expect(await wr.wr('exec', '--', 'get x')).toMatchObject({ code: 0, out: '1\n' });
  });

  test('--each tells on a pipe which verse has ended, a line each, unless it is to be quiet or JSON', async () => {
    await wr.wr('push-down', 'market');
    const loud = await wr.wr('exec', 'market', '--each', 'fail no luck');
    const ended = loud.err.split('\n').filter((line) => / \(\d\/3\)$/.test(line));
    expect(ended.map((line) => line.replace(/market\/\w+/, 'WORLD'))).toEqual([
      '✗ WORLD failed (1/3)',
      '✗ WORLD failed (2/3)',
      '✗ WORLD failed (3/3)',
    ]);
    expect(new Set(ended.map((line) => /market\/\w+/.exec(line)?.[0])).size).toBe(3);
    expect((await wr.wr('exec', 'market', '--each', '--csv', 'get x')).err).toBe(
      ['nash', 'optimal', 'chaos'].map((verse, i) => `✓ market/${verse} done (${i + 1}/3)\n`).join(''),
    );
    for (const silent of ['--quiet', '--json']) {
      expect(await wr.wr('exec', 'market', '--each', 'get x', silent)).toMatchObject({ code: 0, err: '' });
    }
    await wr.wr('void', 'market');
  });

  test('--each runs a program in all children; one row each, as a table, JSON or CSV; 1 when one raised', async () => {
    await wr.wr('push-down', 'market');
    const table = await wr.wr('exec', 'market', '--each', 'report cost 3/2\nget x');
    expect(table).toMatchObject({
      code: 0,
      out: expect.stringMatching(/market\/nash +nash +⊖ -1 validator +ok +1 +cost 3\/2/),
    });
    expect(await wr.json('exec', 'market', '--each', 'get x')).toMatchObject([
      { verse: 'nash', execution: { value: '1' } },
      { verse: 'optimal' },
      { verse: 'chaos' },
    ]);
    const csv = await wr.wr('exec', 'market', '--each', '--csv', 'print a "b", c\nget x');
    expect(csv.out.split('\r\n')[0]).toMatch(/^world,world_id,verse,trit,ok,value,cost/);
    expect(csv.out).toMatch(/market\/chaos,wld_\w+,chaos,1,true,1,,,,[\d.]+,"a ""b"", c\n"\r\n/);
    expect(await wr.wr('exec', 'market', '--each', 'fail no luck')).toMatchObject({ code: 1 });
    expect(await wr.wr('exec', 'market', 'get x', '--csv')).toMatchObject({ code: 2 });
  });
});

describe('the graph', () => {
  test('has everything that happened: push-down, pull-up, rewind, snapshot, branch', async () => {
    await wr.wr('pull-up', 'market', '--outcome', 'nash');
    await wr.wr('exec', 'market', 'set x 5');
    await wr.wr('rewind', 'market', '--to', 'first');
    await wr.wr('exec', 'market', 'set x 6');
    await wr.wr('branch', 'market', '-n', '7');
    await wr.wr('rewind', 'market');
    const { nodes, edges, truncated } = (await wr.json('graph', 'market')) as GraphView;
    expect(truncated).toBe(false);
    const kinds = (kind: string) => nodes.filter((node) => node.kind === kind);
    expect(kinds('pull-up')).toHaveLength(1);
    expect(kinds('rewind')).toHaveLength(2);
    expect(kinds('idle')[0]?.text).toMatch(/^7 worlds in which nothing ran/);
    expect(kinds('rewind')[0]).toMatchObject({ head: 'running', world: 'market' });
    const position = new Map(nodes.map(({ id }, index) => [id, index]));
    for (const { from, to } of edges) expect(position.get(from)! < position.get(to)!).toBe(true);
    const pulled = kinds('pull-up')[0]?.id;
    expect(edges.filter(({ from }) => from === pulled)).toHaveLength(2);
    // Everything is connected: one node alone, the birth of the world, came from nothing.
    const orphans = nodes.filter(({ id }) => !edges.some(({ from }) => from === id));
    expect(orphans.map(({ kind, world }) => [kind, world])).toEqual([['create', 'market']]);
  });

  test('is drawn, and cut to the newest', async () => {
    const { out } = await wr.wr('log', 'market', '--graph');
    expect(out).toMatch(/▲ .* pull-up: nash won\n[│├─┼ ]*╮\n/);
    expect(out).toMatch(/◆ .* snapshot first\n/);
    const short = await wr.wr('log', '--graph', '--limit', '2');
    expect(short.out.split('\n')).toHaveLength(4);
    expect(short.out).toContain('--limit');
  });
});
