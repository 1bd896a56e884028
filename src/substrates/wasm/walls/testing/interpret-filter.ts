import { ANSWER, ARCHITECTURE_AT, CODE, high, type Instruction, low, NUMBER_AT } from '../bpf.js';

/** A system call as a filter sees it. */
export interface Call {
  readonly architecture: number;
  readonly number: number;
  readonly arguments: readonly (number | bigint)[];
}

export type Verdict = 'allow' | 'end process' | { readonly errno: number };

/** Runs a seccomp program as the kernel would, for filters of architectures that are not this one. */
export function interpret(program: readonly Instruction[], call: Call): Verdict {
  const words = new Map<number, number>([
    [NUMBER_AT, call.number],
    [ARCHITECTURE_AT, call.architecture],
  ]);
  for (let argument = 0; argument < 6; argument++) {
    const value = BigInt.asUintN(64, BigInt(call.arguments[argument] ?? 0));
    words.set(low(argument), Number(value & 0xffffffffn));
    words.set(high(argument), Number(value >> 32n));
  }
  let word = 0;
  for (let at = 0; at < program.length; at++) {
    const { code, constant, ifTrue, ifFalse } = program[at] as Instruction;
    if (code === CODE.answer) return verdictOf(constant >>> 0);
    if (code === CODE.load) {
      const loaded = words.get(constant);
      if (loaded === undefined) throw new Error(`it loads from offset ${constant}`);
      word = loaded >>> 0;
    } else at += holds(code, word, constant >>> 0) ? ifTrue : ifFalse;
  }
  throw new Error('the program runs over its end');
}

function holds(code: number, word: number, constant: number): boolean {
  switch (code) {
    case CODE.equal:
      return word === constant;
    case CODE.atLeast:
      return word >= constant;
    case CODE.anyBit:
      return (word & constant) !== 0;
    default:
      throw new Error(`an instruction of unknown code ${code}`);
  }
}

function verdictOf(answer: number): Verdict {
  if (answer === ANSWER.allow) return 'allow';
  if (answer === ANSWER.endProcess) return 'end process';
  return { errno: answer & 0xffff };
}
