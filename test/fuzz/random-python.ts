import type { Random } from '../simulation/random.js';

const INTS = ['i0', 'i1', 'i2'];
const TEXTS = ['s0', 's1'];
const LISTS = ['l0', 'l1'];
const DICTS = ['d0', 'd1'];
const FLOATS = ['f0', 'f1'];
const DEPTH_MAX = 3;
const STATEMENTS_MAX = 14;
/** Keeps numbers short whatever is done to them. */
const MODULUS = 1_000_003;

/**
 * A program that ends, prints, and has a last expression, of integers, floats, strings, lists, dicts, functions, recursion,
 * closures, classes, exceptions, comprehensions, generators and formatting. Nothing in it differs between versions of
 * Python from 3.10 on or between machines: no addresses, hashes, order of sets, texts of errors or sums of floats.
 */
export function randomPython(random: Random): string {
  const lines = [
    `i0, i1, i2 = ${random.below(100)}, ${random.below(1000)}, -${random.below(50)}`,
    `s0, s1 = ${text(random)}, ${text(random)}`,
    `l0, l1 = ${list(random)}, ${list(random)}`,
    `d0, d1 = {'a': ${random.below(9)}, 'b': 2}, {}`,
    `f0, f1 = ${random.below(1000) / 8}, ${random.below(100)}.25`,
    ...definitions(random),
  ];
  for (let n = 3 + random.below(STATEMENTS_MAX); n > 0; n -= 1) lines.push(...statement(random, 0));
  if (random.onceIn(5)) lines.push(trouble(random));
  lines.push(
    'i0, i1, i2, s0[:80], s1[:80], l0[:30], l1[:30], sorted(d0.items()), sorted(d1.items()), f0, f1',
  );
  return lines.join('\n');
}

function definitions(random: Random): string[] {
  return [
    'def down(n, acc=0):',
    `    return acc if n <= 0 else down(n - 1, (acc * ${1 + random.below(9)} + n) % ${MODULUS})`,
    'def counter(start):',
    '    count = start',
    '    def step(by=1):',
    '        nonlocal count',
    '        count += by',
    '        return count',
    '    return step',
    'def pieces(n):',
    '    for k in range(n):',
    `        if k % ${2 + random.below(3)} == 0:`,
    `            yield k * ${1 + random.below(9)}`,
    'class Base:',
    `    scale = ${1 + random.below(9)}`,
    '    def __init__(self, value):',
    '        self.value = value',
    '    def worth(self):',
    '        return self.value * self.scale',
    '    def __repr__(self):',
    "        return f'{type(self).__name__}({self.value!r})'",
    '    def __lt__(self, other):',
    '        return self.worth() < other.worth()',
    'class Derived(Base):',
    '    def worth(self):',
    `        return super().worth() - ${random.below(20)}`,
    '    @property',
    '    def half(self):',
    '        return self.value // 2',
    'class Trouble(Exception):',
    '    pass',
    'tick = counter(i0)',
  ];
}

/** Lines, not indented. */
function statement(random: Random, depth: number): string[] {
  const nested = (): string[] => {
    const lines = Array.from({ length: 1 + random.below(3) }, () => statement(random, depth + 1)).flat();
    return lines.map((line) => `    ${line}`);
  };
  if (depth < DEPTH_MAX && random.onceIn(3)) return compound(random, nested, `left${depth}`);
  switch (random.below(12)) {
    case 0:
    case 1:
      return [`${random.pick(INTS)} = (${int(random)}) % ${MODULUS}`];
    case 2:
      return [`${random.pick(TEXTS)} = (${string(random)})[:60]`];
    case 3:
      return [`${random.pick(LISTS)} = (${listOf(random)})[:20]`];
    case 4:
      return [`${random.pick(DICTS)}[${string(random)}[:6]] = (${int(random)}) % ${MODULUS}`];
    case 5:
      return [`${random.pick(FLOATS)} = ${float(random)}`];
    case 6:
      return [`print(${int(random)}, ${string(random)}[:40])`];
    case 7:
      return [`print(${formatted(random)})`];
    case 8:
      return [`${random.pick(LISTS)}.append((${int(random)}) % ${MODULUS})`];
    case 9:
      return [
        `print(sorted([Base(${int(random)} % 50), Derived(${int(random)} % 50), Base(7)]), Derived(9).half)`,
      ];
    case 10:
      return [`print(tick(${int(random)} % 5), down(${int(random)} % 40))`];
    default:
      return [`${random.pick(INTS)}, ${random.pick(INTS)} = ${random.pick(INTS)}, ${random.pick(INTS)}`];
  }
}

/** `left`: what counts the turns of a loop, and of no loop in it. */
function compound(random: Random, nested: () => string[], left: string): string[] {
  switch (random.below(6)) {
    case 0:
      return [`if ${condition(random)}:`, ...nested(), 'else:', ...nested()];
    case 1:
      return [
        `for k in range(${random.below(5)}):`,
        ...nested(),
        `    if ${condition(random)}:`,
        '        break',
      ];
    case 2:
      return [
        'try:',
        ...nested(),
        `    ${trouble(random)}`,
        'except (ZeroDivisionError, KeyError) as e:',
        '    print(type(e).__name__)',
        'except Exception as e:',
        '    print("other", type(e).__name__)',
        'finally:',
        ...nested(),
      ];
    case 3:
      return [
        `${left} = 4`,
        `while ${left} > 0 and (${condition(random)}):`,
        `    ${left} -= 1`,
        ...nested(),
      ];
    case 4:
      return [
        `match ${int(random)} % 4:`,
        '    case 0:',
        ...nested().map((line) => `    ${line}`),
        '    case n if n > 2:',
        '        print("big", n)',
        '    case _:',
        '        print("rest")',
      ];
    default:
      return [`for key, value in sorted(${random.pick(DICTS)}.items()):`, '    print(key, value)'];
  }
}

function trouble(random: Random): string {
  return random.pick([
    () => `print(1 // (${int(random)} % 2))`,
    () => `print(${random.pick(DICTS)}['missing'])`,
    () => `print(${random.pick(LISTS)}[99])`,
    () => "raise Trouble('x')",
    () => `print(int(${string(random)}))`,
    () => `print(${string(random)} + 1)`,
    () => `assert ${condition(random)}`,
  ])();
}

function condition(random: Random): string {
  return random.pick([
    () => `${int(random)} > ${int(random)}`,
    () => `${random.pick(TEXTS)} < ${string(random)}`,
    () => `${random.pick(LISTS)} and ${int(random)} % 2 == 0`,
    () => `'a' in ${random.pick(DICTS)} or not ${random.pick(TEXTS)}`,
    () => `any(n > ${random.below(50)} for n in ${random.pick(LISTS)})`,
    () => `${float(random)} >= ${float(random)}`,
  ])();
}

function int(random: Random, depth = 0): string {
  const again = (): string => int(random, depth + 1);
  if (depth >= DEPTH_MAX || random.onceIn(3))
    return random.pick([...INTS, String(random.below(100)), `(-${random.below(30)})`]);
  const l = random.pick(LISTS);
  return random.pick([
    () => `(${again()} ${random.pick(['+', '-', '*', '&', '|', '^'])} ${again()})`,
    () => `(${again()} ${random.pick(['//', '%'])} ${1 + random.below(20)})`,
    () => `abs(${again()})`,
    () => `len(${random.pick([...TEXTS, ...LISTS, ...DICTS])})`,
    () => `${random.pick(['min', 'max'])}(${again()}, ${again()})`,
    () => `(${l}[${again()} % len(${l})] if ${l} else ${again()})`,
    () => `sum(n * ${random.below(5)} for n in ${l})`,
    () => `sum(pieces(${random.below(12)}))`,
    () => `(lambda a, b=${random.below(9)}: a * b)(${again()})`,
    () => `${random.pick(DICTS)}.get('a', ${again()})`,
    () => `(${again()} << ${random.below(12)} >> ${random.below(12)})`,
    () => `(${again()} if ${random.pick(INTS)} > 5 else ${again()})`,
    () => `pow(${again()}, ${random.below(6)}, ${MODULUS})`,
    () => `int(str(abs(${again()}))[::-1])`,
  ])();
}

function string(random: Random, depth = 0): string {
  const again = (): string => string(random, depth + 1);
  if (depth >= DEPTH_MAX || random.onceIn(3)) return random.pick([...TEXTS, text(random)]);
  return random.pick([
    () => `(${again()} + ${again()})`,
    () => `(${again()} * ${random.below(3)})`,
    () => `${again()}.${random.pick(['upper', 'lower', 'title', 'strip', 'swapcase', 'capitalize'])}()`,
    () => `${again()}[${random.below(4)}::${1 + random.below(3)}]`,
    () => `${again()}[::-1]`,
    () => `str(${int(random, depth + 1)})`,
    () => `'-'.join(str(n) for n in ${random.pick(LISTS)})`,
    () => `${again()}.replace('a', ${again()})`,
    () => `''.join(sorted(${again()}))`,
    () => `repr(${again()})`,
    () => `${again()}.center(${random.below(12)}, '*')`,
    () => formatted(random),
  ])();
}

function formatted(random: Random): string {
  return random.pick([
    () => `f'{${random.pick(INTS)}:>${random.below(9)}d}|{${random.pick(INTS)}:x}|{${random.pick(INTS)}:,}'`,
    () =>
      `f'{${random.pick(FLOATS)}:.${random.below(5)}f}|{${random.pick(FLOATS)}:e}|{${random.pick(FLOATS)}!r}'`,
    () => `f'{${random.pick(TEXTS)}:^12}|{${random.pick(TEXTS)}!r:.9}'`,
    () => `'%05d %s %.2f' % (${random.pick(INTS)}, ${random.pick(TEXTS)}, ${random.pick(FLOATS)})`,
    () => `'{:>8} {a!r}'.format(${random.pick(INTS)}, a=${random.pick(LISTS)})`,
  ])();
}

function listOf(random: Random): string {
  const l = random.pick(LISTS);
  return random.pick([
    () => `[n * ${random.below(7)} for n in ${l} if n % ${2 + random.below(3)}]`,
    () => `sorted(${l}, key=lambda n: (n % ${2 + random.below(7)}, -n))`,
    () => `${l}[::-1] + ${random.pick(LISTS)}`,
    () => `[a + b for a, b in zip(l0, l1)]`,
    () => `[len(w) for w in ${random.pick(TEXTS)}.split('e')]`,
    () => `list(pieces(${random.below(15)}))`,
    () => `[*${l}, ${int(random)} % ${MODULUS}]`,
    () => `list({n % 5: n for n in ${l}}.values())`,
    () => `[ord(c) % 50 for c in ${random.pick(TEXTS)}]`,
    () => `list(map(abs, filter(None, ${l})))`,
  ])();
}

function float(random: Random): string {
  const f = random.pick(FLOATS);
  return random.pick([
    () => `(${f} + ${random.below(100)}.5) / 2`,
    () => `${f} * 0.75 - ${random.below(9)}`,
    () => `round(${f}, ${random.below(4)})`,
    () => `(${int(random)} % 1000) / ${1 + random.below(16)}`,
    () => `abs(${f}) % 17.5`,
    () => `float('${random.below(1000)}.${random.below(1000)}e-${random.below(5)}')`,
    () => `${f} // 3`,
  ])();
}

function text(random: Random): string {
  return `'${random.pick(['', 'a', 'verse', 'Änderung ß', 'two words', 'tab\\tand\\\\n', '日本 text', 'eee'])}${random.below(20)}'`;
}

function list(random: Random): string {
  return `[${Array.from({ length: random.below(6) }, () => random.below(100)).join(', ')}]`;
}
