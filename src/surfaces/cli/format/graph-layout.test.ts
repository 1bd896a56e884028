import { expect, test } from 'vitest';
import { type DrawnNode, drawGraph } from './graph-layout.js';

/** `a<b,c` is a node that came from b and c. */
function picture(spec: string): string {
  const nodes = spec.split(' ').map((one): DrawnNode => {
    const [id = '', parents = ''] = one.split('<');
    return { id, symbol: id[0] ?? '?', parents: parents === '' ? [] : parents.split(',') };
  });
  return drawGraph(nodes)
    .map(({ text }) => text)
    .join('\n');
}

test('one line of history', () => {
  expect(picture('c<b b<a a')).toBe('c\nb\na');
});

test('a branch into three', () => {
  expect(picture('z<b y<b x<b b<a a')).toBe('z\n│ y\n│ │ x\n├─┴─╯\nb\na');
});

test('a push-down that was pulled up', () => {
  expect(picture('u<p,y z<p y<p x<p p<a a')).toBe(
    'u\n├─╮\n│ │ z\n│ y │\n│ │ │ x\n├─┴─┴─╯\np\na'.replace('│ │ │ x', '│ │ │ x'),
  );
});

test('a rewind leaves a dead end beside the line', () => {
  expect(picture('d<b c<b b<a a')).toBe('d\n│ c\n├─╯\nb\na');
});

test('lines that are crossed', () => {
  expect(picture('d<a e<b c<a b<x a<x x')).toBe('d\n│ e\n│ │ c\n│ b │\n├─┼─╯\na │\n├─╯\nx');
});

test('two histories that have nothing in common', () => {
  expect(picture('b<a d<c a c')).toBe('b\n│ d\na │\n  c');
});

test('what was left out is not drawn', () => {
  expect(picture('b<a,zz a<older')).toBe('b\na');
});

test('any graph has its nodes once each, in their order, and no line to nowhere at the end', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 300; round += 1) {
    const size = 2 + random(30);
    const nodes = Array.from({ length: size }, (_, index): DrawnNode => {
      const below = size - index - 1;
      const parents = Array.from({ length: random(3) }, () => `n${index + 1 + random(Math.max(1, below))}`);
      return { id: `n${index}`, symbol: '*', parents: below === 0 ? [] : [...new Set(parents)] };
    });
    const lines = drawGraph(nodes);
    const said = lines.flatMap(({ node }) => (node === null ? [] : [node]));
    expect(said, `round ${round} of seed 7`).toEqual(nodes.map(({ id }) => id));
    expect(lines.at(-1)?.text.trim(), `round ${round} of seed 7`).toBe('*');
    for (const { text, node } of lines) expect(text.split('*').length - 1).toBe(node === null ? 0 : 1);
  }
});
