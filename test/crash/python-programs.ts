import { type Expected, interpret } from '../simulation/interpret.js';
import type { Random } from '../simulation/random.js';

/** Begins a line of a program that says, in the language of the simulations, what the Python around it does. */
const MEANING = '#: ';

const PYTHON: Readonly<Record<string, (...words: string[]) => string>> = {
  set: (name, value) => `${name} = ${value}`,
  add: (name, value) => `${name} += ${value}`,
  get: (name) => `${name}`,
  print: (...words) => `print(${JSON.stringify(words.join(' '))})`,
  report: (_, cost) => `import world; world.report(cost=${JSON.stringify(cost)})`,
  transfer: (to, token, amount) =>
    `import world; world.transfer(${JSON.stringify(to)}, ${JSON.stringify(token)}, ${amount})`,
  fail: () => "raise ValueError('on purpose')",
  nonsense: () => 'this does not compile',
};

/** Python that does what `meaning` says, and more that nobody can see: it changes pages. */
export function pythonOf(tag: string, meaning: readonly string[], ballast: number): string {
  const lines = meaning.map((line) => {
    const [verb = '', ...words] = line.split(' ');
    const python = PYTHON[verb];
    if (!python) throw new Error(`nobody knows the Python of ${line}`);
    return python(...words);
  });
  return [
    `# ${tag}`,
    ...meaning.map((line) => `${MEANING}${line}`),
    `ballast = [n * ${ballast} for n in range(${ballast})]`,
    ...lines,
  ].join('\n');
}

/** What such a program should answer, told from its comments. */
export function interpretPython(code: string, before: bigint | null, gold: bigint): Expected {
  const lines = code.split('\n').filter((line) => line.startsWith(MEANING));
  return interpret(lines.map((line) => line.slice(MEANING.length)).join('\n'), before, gold);
}

/** One of the programs that clients run. `to`: an account that may be given something. */
export function someProgram(random: Random, tag: string, to: string): string {
  const n = random.below(1000);
  const meaning = random.pick([
    [`set x ${n}`, 'get x'],
    [`set x ${n}`],
    [`add x ${n}`, 'get x'],
    [`add x ${n}`, 'get x'],
    [`add x ${n}`, 'get x'],
    [`print seen`, `add x ${n}`, 'get x'],
    ['get x'],
    [`set x ${n}`, `report cost ${n}`, 'fail on purpose'],
    ['nonsense'],
    [`report cost ${n}`, `add x ${n}`],
    [`transfer ${to} GOLD ${n + 1}`, `set x ${n}`, 'get x'],
  ]);
  return pythonOf(tag, meaning, 10 + random.below(2000));
}

/** Ends the worker that runs it, somewhere in the middle of what it does. Its world stays as it was. */
export function endingItsWorker(tag: string, turns: number): string {
  return `# ${tag}\nimport os\nx = -1\nfor x in range(${turns}):\n    pass\nos.abort()`;
}

/** What x is, in a state. */
export const LOOK = "globals().get('x')";
