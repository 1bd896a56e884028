/**
 * The guests of the simulated substrate speak a language of one statement a line. It can do what the tests
 * of the runtime need (keep values, print, fail, report, move balances, draw random numbers, hang) and
 * no more. A request calls its code Python, as every request does; here it is read as this language.
 */

/** A line, taken apart. */
export type Statement =
  | { readonly op: 'set'; readonly name: string; readonly value: SimulatedValue }
  | { readonly op: 'get' | 'unset'; readonly name: string }
  | { readonly op: 'add'; readonly name: string; readonly amount: bigint }
  | { readonly op: 'print' | 'warn'; readonly text: string }
  | { readonly op: 'write'; readonly path: string; readonly text: string }
  | { readonly op: 'read'; readonly path: string }
  | { readonly op: 'report'; readonly cost: string | undefined; readonly value: string | undefined }
  | {
      readonly op: 'transfer' | 'overdraw';
      readonly to: string;
      readonly token: string;
      readonly amount: string;
    }
  | { readonly op: 'balance'; readonly token: string }
  | { readonly op: 'fail'; readonly message: string }
  | { readonly op: 'fault'; readonly code: string }
  | { readonly op: 'sleep'; readonly ms: number }
  | { readonly op: 'allocate'; readonly bytes: number }
  | { readonly op: 'repeat'; readonly times: number; readonly statement: Statement }
  | { readonly op: 'on-branch'; readonly line: string; readonly statement: Statement }
  | { readonly op: 'random' | 'now' | 'whoami' | 'hang' };

/** Whole numbers are numbers, everything else is text. */
export type SimulatedValue = bigint | string;

/** The code does not compile. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

/** One line of the language: what follows the verb, and what it means. */
interface Form {
  readonly pattern: RegExp;
  readonly usage: string;
  readonly read: (part: (index: number) => string) => Statement;
}

function parseValue(text: string): SimulatedValue {
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}

const FORMS: Readonly<Record<Statement['op'], Form>> = {
  set: {
    pattern: /^(\S+) (.*)$/,
    usage: 'set NAME VALUE',
    read: (part) => ({ op: 'set', name: part(1), value: parseValue(part(2)) }),
  },
  get: { pattern: /^(\S+)$/, usage: 'get NAME', read: (part) => ({ op: 'get', name: part(1) }) },
  unset: { pattern: /^(\S+)$/, usage: 'unset NAME', read: (part) => ({ op: 'unset', name: part(1) }) },
  add: {
    pattern: /^(\S+) (-?\d+)$/,
    usage: 'add NAME INTEGER',
    read: (part) => ({ op: 'add', name: part(1), amount: BigInt(part(2)) }),
  },
  print: { pattern: /^(.*)$/, usage: 'print TEXT', read: (part) => ({ op: 'print', text: part(1) }) },
  warn: { pattern: /^(.*)$/, usage: 'warn TEXT', read: (part) => ({ op: 'warn', text: part(1) }) },
  write: {
    pattern: /^(\S+) (.*)$/,
    usage: 'write PATH TEXT',
    read: (part) => ({ op: 'write', path: part(1), text: part(2) }),
  },
  read: { pattern: /^(\S+)$/, usage: 'read PATH', read: (part) => ({ op: 'read', path: part(1) }) },
  report: {
    pattern: /^(?=.)(?:cost (\S+))? ?(?:value (\S+))?$/,
    usage: 'report cost NUMBER value NUMBER',
    read: (part) => ({ op: 'report', cost: part(1) || undefined, value: part(2) || undefined }),
  },
  transfer: {
    pattern: /^(\S+) (\S+) (\S+)$/,
    usage: 'transfer OWNER TOKEN AMOUNT',
    read: (part) => ({ op: 'transfer', to: part(1), token: part(2), amount: part(3) }),
  },
  overdraw: {
    pattern: /^(\S+) (\S+) (\S+)$/,
    usage: 'overdraw OWNER TOKEN AMOUNT',
    read: (part) => ({ op: 'overdraw', to: part(1), token: part(2), amount: part(3) }),
  },
  balance: {
    pattern: /^(\S+)$/,
    usage: 'balance TOKEN',
    read: (part) => ({ op: 'balance', token: part(1) }),
  },
  fail: { pattern: /^(.*)$/, usage: 'fail MESSAGE', read: (part) => ({ op: 'fail', message: part(1) }) },
  fault: { pattern: /^(\S+)$/, usage: 'fault CODE', read: (part) => ({ op: 'fault', code: part(1) }) },
  sleep: { pattern: /^(\d+)$/, usage: 'sleep MS', read: (part) => ({ op: 'sleep', ms: Number(part(1)) }) },
  allocate: {
    pattern: /^(\d+)$/,
    usage: 'allocate BYTES',
    read: (part) => ({ op: 'allocate', bytes: Number(part(1)) }),
  },
  repeat: {
    pattern: /^(\d+) (.+)$/,
    usage: 'repeat TIMES STATEMENT',
    read: (part) => ({ op: 'repeat', times: Number(part(1)), statement: parseStatement(part(2)) }),
  },
  'on-branch': {
    pattern: /^(.+)$/,
    usage: 'on-branch STATEMENT',
    read: (part) => ({ op: 'on-branch', line: part(1), statement: parseStatement(part(1)) }),
  },
  random: { pattern: /^$/, usage: 'random', read: () => ({ op: 'random' }) },
  now: { pattern: /^$/, usage: 'now', read: () => ({ op: 'now' }) },
  whoami: { pattern: /^$/, usage: 'whoami', read: () => ({ op: 'whoami' }) },
  hang: { pattern: /^$/, usage: 'hang', read: () => ({ op: 'hang' }) },
};

function isVerb(verb: string): verb is Statement['op'] {
  return Object.hasOwn(FORMS, verb);
}

/** @throws ProgramError that names the form, or all forms when the verb is unknown. */
export function parseStatement(line: string): Statement {
  const [, verb = '', rest = ''] = /^(\S+) ?(.*)$/.exec(line.trim()) ?? [];
  if (!isVerb(verb)) {
    const usages = Object.values(FORMS).map((known) => known.usage);
    throw new ProgramError(`unknown statement "${line.trim()}"; there are: ${usages.join(', ')}`);
  }
  const form = FORMS[verb];
  const match = form.pattern.exec(rest);
  if (match === null) throw new ProgramError(`"${line.trim()}" does not have the form "${form.usage}"`);
  return form.read((index) => match[index] ?? '');
}

/** All lines; blank ones and those that start with # are nothing. @throws ProgramError */
export function parseProgram(code: string): Statement[] {
  return code
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
    .map(parseStatement);
}
