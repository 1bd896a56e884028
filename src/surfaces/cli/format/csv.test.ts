import { expect, test } from 'vitest';
import { csv } from './csv.js';

/** Reads CSV back, a state machine of its own. */
function parsed(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted) {
      if (c === '"' && text[i + 1] === '"') {
        cell += '"';
        i += 1;
      } else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ',') {
      row.push(cell);
      cell = '';
    } else if (c === '\r' && text[i + 1] === '\n') {
      row.push(cell);
      rows.push(row);
      row = [];
      cell = '';
      i += 1;
    } else cell += c;
  }
  return rows;
}

test('commas, quotes and line breaks survive, whatever they stand beside', () => {
  const nasty = ['a,b', 'say "hi"', 'two\nlines', '\r\n', '"', '', ' x ', 'é𝔘', "'[1, 2]'"];
  const rows = nasty.flatMap((one) => nasty.map((other) => [one, other, one + other]));
  expect(parsed(csv(['x', 'y, z', '"'], rows))).toEqual([['x', 'y, z', '"'], ...rows]);
});

test('nothing and the empty text are told apart', () => {
  expect(csv(['a', 'b', 'c', 'd'], [[null, '', 1.5, false]])).toBe('a,b,c,d\r\n,"",1.5,false\r\n');
});
