import { describe, expect, test } from 'vitest';
import type { WorldView } from '../../../model/api.js';
import { cellText, exactOrReason, exactText, msText, numberText, shortText, tritText } from './cells.js';
import { displayWidth } from './display-width.js';
import { paintFor } from './paint.js';
import { fields, rowsTable, table } from './table.js';
import { worldsTable, worldTree } from './worlds.js';

const PLAIN = paintFor(false);

describe('values', () => {
  test.each([
    [0, '0'],
    [0.0004, '4.0e-4'],
    [0.0156, '0.0156'],
    [0.789, '0.789'],
    [4.227, '4.23'],
    [12.34, '12.3'],
    [1630.4, '1630'],
    [-12.34, '-12.3'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ])('%d has sensible digits: %s', (value, text) => expect(numberText(value)).toBe(text));

  test('times have a unit', () => expect(msText(2.5)).toBe('2.50 ms'));

  test.each([
    ['2', '2'],
    ['3/2', '3/2 (1.5)'],
    ['1/3', '1/3 (~0.333333)'],
    ['-14/9', '-14/9 (~-1.555556)'],
  ])('%s stands next to its decimal value: %s', (exact, text) => expect(exactText(exact)).toBe(text));

  test('an exact number that is not there says why', () => {
    expect(exactOrReason(null, 'no cost was reported')).toBe('null: no cost was reported');
    expect(exactOrReason(null, null)).toBe('null');
    expect(exactOrReason('1/2', 'ignored')).toBe('1/2 (0.5)');
  });

  test('trits have a symbol, a sign and a role', () => {
    expect(([-1, 0, 1] as const).map(tritText)).toEqual([
      '⊖ -1 validator',
      '⊙ 0 coordinator',
      '⊕ +1 generator',
    ]);
  });

  test('texts become one line without control characters', () => {
    expect(shortText('a\nb')).toBe('a …');
    expect(shortText('x'.repeat(80)).length).toBe(60);
    expect(shortText('red \u001b[31mtext')).toBe('red ?[31mtext');
  });

  test('cells know columns by their units', () => {
    expect(cellText('boot_time_ms', 0.589632)).toBe('0.590');
    expect(cellText('trit', -1)).toBe('-1');
    expect(cellText('created_at', '2026-01-02T03:04:05.123456Z')).toBe('2026-01-02 03:04:05');
    expect(cellText('list', ['a', 'b'])).toBe('a, b');
    expect(cellText('map', { a: 1 })).toBe('{"a":1}');
    expect(cellText('flag', false)).toBe('false');
    expect(cellText('anything', null)).toBe('-');
  });
});

describe('tables', () => {
  test.each([
    ['plain', 5],
    ['⊕ +1', 4],
    ['\u001b[31mred\u001b[39m', 3],
    ['日本', 4],
    ['한글', 4],
    ['e\u0301', 1],
    ['🎲', 2],
    ['', 0],
  ])('%s takes %d columns', (text, width) => expect(displayWidth(text)).toBe(width));

  test('of many rows are drawn at once', () => {
    const rows = Array.from({ length: 50_000 }, (_, n) => [String(n), 'text', '⊙ 0 coordinator']);
    const start = performance.now();
    expect(table(PLAIN, [{ title: 'A' }, { title: 'B' }, { title: 'C' }], rows).length).toBeGreaterThan(1e6);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  test('align their columns and end lines without spaces', () => {
    const drawn = table(
      PLAIN,
      [{ title: 'NAME' }, { title: 'N', right: true }],
      [
        ['long name', '7'],
        ['b', '123'],
      ],
    );
    expect(drawn).toBe('NAME         N\nlong name    7\nb          123\n');
  });

  test('of rows leave out what is empty everywhere', () => {
    const rows = [
      { id: 'a', parent: null, tags: [], n: 1 },
      { id: 'b', parent: null, tags: [], n: null },
    ];
    expect(rowsTable(PLAIN, rows)).toBe('id  n\na   1\nb   -\n');
    expect(rowsTable(PLAIN, [])).toBe('no rows\n');
  });

  test('of fields skip those that are null', () => {
    expect(
      fields(PLAIN, [
        ['a', '1'],
        ['longer', '2'],
        ['gone', null],
      ]),
    ).toBe('a       1\nlonger  2\n');
  });

  test('carry colour only when asked to', () => {
    expect(fields(paintFor(true), [['a', '1']])).toContain('\u001b[');
    expect(fields(PLAIN, [['a', '1']])).not.toContain('\u001b[');
  });
});

function worldOf(id: string, parentId: string | null, more: Partial<WorldView> = {}): WorldView {
  return {
    id,
    name: id,
    status: 'running',
    substrate: 'wasm',
    image: 'standard',
    tenant: 'default',
    baseDigest: 'ab',
    verse: 'root',
    verseId: 'vrs',
    trit: 0,
    probability: '1',
    seed: '1',
    account: id,
    parentId,
    snapshotId: null,
    childIds: [],
    head: 'stt',
    generation: 0,
    openCondition: null,
    report: null,
    executions: 0,
    limits: {},
    metadata: {},
    createdAt: '2026-01-02T03:04:05.123456Z',
    ...more,
  };
}

describe('worlds', () => {
  test('stand under their parents in a tree', () => {
    const worlds = [
      worldOf('a', null, { status: 'snapshotted' }),
      worldOf('a/nash', 'a', { verse: 'nash', trit: -1, probability: '0.45' }),
      worldOf('a/nash/1', 'a/nash', { verse: 'nash', trit: -1 }),
      worldOf('a/chaos', 'a', { verse: 'chaos', trit: 1, probability: '0.55' }),
      worldOf('orphan', 'not shown'),
    ];
    expect(worldTree(PLAIN, worlds)).toBe(
      [
        '⊙ a  verse root  p 1  snapshotted',
        '├─ ⊖ a/nash  verse nash  p 0.45  running',
        '│  └─ ⊖ a/nash/1  verse nash  p 1  running',
        '└─ ⊕ a/chaos  verse chaos  p 0.55  running',
        '⊙ orphan  verse root  p 1  running',
        '',
      ].join('\n'),
    );
  });

  test('can be nested deeply', () => {
    const worlds = Array.from({ length: 2_000 }, (_, n) => worldOf(`w${n}`, n === 0 ? null : `w${n - 1}`));
    expect(worldTree(PLAIN, worlds).split('\n').length).toBe(2_001);
  });

  test('that are not there are told with what to do', () => {
    expect(worldsTable(PLAIN, [])).toContain('wr create');
    expect(worldTree(PLAIN, [])).toContain('wr create');
  });
});

describe('on a narrow terminal', () => {
  const columns = [{ title: 'NAME' }, { title: 'N', right: true }, { title: 'TEXT' }];
  const rows = [['a', '12345678901', '\u001b[32mgreen and long, 漢字 too, and longer\u001b[39m']];

  test('the widest cells are cut with an ellipsis, numbers are not, colours end', () => {
    const drawn = table(paintFor(false, 40), columns, rows).split('\n');
    for (const line of drawn) expect(displayWidth(line)).toBeLessThanOrEqual(40);
    expect(drawn[1]).toContain('12345678901');
    expect(drawn[1]).toContain('…');
    expect(drawn[1]).toContain('\u001b[39m');
  });

  test('nothing is cut where there is room, or no terminal', () => {
    const whole = table(paintFor(false), columns, rows);
    expect(table(paintFor(false, 200), columns, rows)).toBe(whole);
    expect(whole).not.toContain('…');
  });
});
