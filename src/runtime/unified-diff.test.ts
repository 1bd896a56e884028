import { describe, expect, test } from 'vitest';
import { type Random, seededRandom } from '../../test/simulation/random.js';
import { linesOf, textOf, unifiedDiff } from './unified-diff.js';

const SEED = BigInt(process.env['PROPERTY_SEED'] ?? '20261123');
const RUNS = Number(process.env['PROPERTY_RUNS'] ?? '2000');

function diff(before: string, after: string, context = 3): string {
  return unifiedDiff(before, after, { context, budget: { steps: 1e9 } }).hunks;
}

/** Applies hunks as `patch` does, without any tolerance. @throws Error when they do not fit */
function applied(before: string, hunks: string): string {
  const old = linesOf(before);
  const lines = linesOf(hunks);
  const made: string[] = [];
  let at = 0;
  for (let i = 0; i < lines.length; ) {
    const head = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n$/.exec(lines[i++]!);
    if (!head) throw new Error(`no hunk begins at line ${i}`);
    const [from = 0, removed = 1, to = 0, added = 1] = head
      .slice(1)
      .map((n) => (n === undefined ? n : Number(n)));
    const start = removed === 0 ? from : from - 1;
    made.push(...old.slice(at, start));
    at = start;
    if (made.length !== (added === 0 ? to : to - 1)) throw new Error(`hunk ${head[0]} is elsewhere`);
    const ends = { old: at + removed, fresh: made.length + added };
    while (at < ends.old || made.length < ends.fresh) {
      const line = lines[i++] ?? '';
      const cut = lines[i]?.startsWith('\\') ? 1 : 0;
      i += cut;
      const text = line.slice(1, cut ? -1 : undefined);
      if (line[0] !== '+' && old[at++] !== text) throw new Error(`line ${at} is not ${JSON.stringify(text)}`);
      if (line[0] !== '-') made.push(text);
    }
    if (at !== ends.old || made.length !== ends.fresh) throw new Error(`hunk ${head[0]} has another length`);
  }
  return [...made, ...old.slice(at)].join('');
}

function randomText(random: Random): string {
  const lines = Array.from({ length: random.below(30) }, () =>
    random.pick(['a', 'b', '', 'c\r', '\\ x', '-', '@@']),
  );
  return lines.join('\n') + (random.onceIn(2) ? '\n' : '');
}

describe('a unified diff', () => {
  test('is what diff -u and git write', () => {
    expect(diff('a\nb\nc\n', 'a\nB\nc\n')).toBe('@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n');
    expect(diff('', 'new\n')).toBe('@@ -0,0 +1 @@\n+new\n');
    expect(diff('old\n', '')).toBe('@@ -1 +0,0 @@\n-old\n');
    expect(diff('a\n', 'a\n')).toBe('');
  });

  test('says when a last line has no end', () => {
    expect(diff('a', 'a\n')).toBe('@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n');
    expect(diff('x\na', 'y\na')).toBe('@@ -1,2 +1,2 @@\n-x\n+y\n a\n\\ No newline at end of file\n');
  });

  test('has a hunk for what is far apart and one for what is near', () => {
    const lines = Array.from({ length: 20 }, (_, i) => `${i}\n`);
    const changed = (...at: number[]) => lines.map((line, i) => (at.includes(i) ? 'x\n' : line)).join('');
    const count = (text: string) => text.match(/^@@/gm)?.length;
    expect(count(diff(lines.join(''), changed(2, 9)))).toBe(1);
    expect(count(diff(lines.join(''), changed(2, 10)))).toBe(2);
    expect(diff(lines.join(''), changed(5), 0)).toBe('@@ -6 +6 @@\n-5\n+x\n');
  });

  test('applied to the first text gives the second, whatever they are', () => {
    for (let run = 0; run < RUNS; run++) {
      const random = seededRandom(SEED + BigInt(run));
      const [before, after] = [randomText(random), randomText(random)];
      const hunks = diff(before, after, random.below(5));
      const seed = `PROPERTY_SEED=${SEED + BigInt(run)}`;
      expect(applied(before, hunks), seed).toBe(after);
    }
  });

  test('the one that applies it notices a hunk that is not right', () => {
    const hunks = diff('a\nb\nc\n', 'a\nB\nc\n');
    expect(() => applied('a\nx\nc\n', hunks)).toThrow(/is not/);
    expect(() => applied('a\nb\nc\n', hunks.replace('+1,3', '+2,3'))).toThrow(/elsewhere/);
    expect(() => applied('a\nb\nc\n', hunks.replace('-1,3', '-1,2'))).toThrow();
  });

  test('counts lines', () => {
    const { linesAdded, linesRemoved } = unifiedDiff('a\nb\n', 'b\nc\nd\n', {
      context: 0,
      budget: { steps: 99 },
    });
    expect([linesAdded, linesRemoved]).toEqual([2, 1]);
  });

  test('is for text: what has a NUL or is not UTF-8 is binary', () => {
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    expect(textOf(bytes('a\0b'))).toBeNull();
    expect(textOf(bytes(`${'a'.repeat(7999)}\0`))).toBeNull();
    expect(textOf(bytes(`${'a'.repeat(8000)}\0`)), 'git looks no further').toHaveLength(8001);
    expect(textOf(bytes('caf\xe9'))).toBeNull();
    expect(textOf(Buffer.from('\ufeffcafé\r\n'))).toBe('\ufeffcafé\r\n');
    expect(textOf(bytes(''))).toBe('');
  });
});
