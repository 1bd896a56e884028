/** Classic BPF as seccomp runs it: https://docs.kernel.org/userspace-api/seccomp_filter.html. */
export interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly constant: number;
}

export const CODE = { load: 0x20, equal: 0x15, atLeast: 0x35, anyBit: 0x45, answer: 0x06 } as const;

/** Answers of a filter: the kernel carries the call out, refuses it with an errno, or ends the process. */
export const ANSWER = { allow: 0x7fff0000, refuse: 0x00050000, endProcess: 0x80000000 } as const;

/** Offsets in `struct seccomp_data`, and the two halves of an argument. Both architectures are little-endian. */
export const NUMBER_AT = 0;
export const ARCHITECTURE_AT = 4;
export const low = (argument: number): number => 16 + 8 * argument;
export const high = (argument: number): number => low(argument) + 4;

const JUMP_MAX = 255;
const INSTRUCTION_BYTES = 8;

/** A condition on the loaded word, with the names of the places to go on at; absent: the next instruction. */
export type Line =
  | { readonly load: number }
  | { readonly answer: number }
  | { readonly place: string }
  | {
      readonly when: 'equal' | 'atLeast' | 'anyBit';
      readonly constant: number;
      readonly onTrue?: string;
      readonly onFalse?: string;
    };

/** Turns named places into jumps. Jumps go forward only. */
export function assemble(lines: readonly Line[]): Instruction[] {
  const places = new Map<string, number>();
  let count = 0;
  for (const line of lines) {
    if (!('place' in line)) count++;
    else if (places.has(line.place)) throw new Error(`two places are called ${line.place}`);
    else places.set(line.place, count);
  }
  const program: Instruction[] = [];
  const jump = (name: string | undefined): number => {
    if (name === undefined) return 0;
    const distance = (places.get(name) ?? -1) - program.length - 1;
    if (distance < 0 || distance > JUMP_MAX) throw new Error(`${name} cannot be jumped to from here`);
    return distance;
  };
  for (const line of lines) {
    if ('load' in line) program.push(instruction(CODE.load, line.load));
    else if ('answer' in line) program.push(instruction(CODE.answer, line.answer));
    else if ('when' in line) {
      const [ifTrue, ifFalse] = [jump(line.onTrue), jump(line.onFalse)];
      program.push({ code: CODE[line.when], ifTrue, ifFalse, constant: line.constant });
    }
  }
  return program;
}

function instruction(code: number, constant: number): Instruction {
  return { code, ifTrue: 0, ifFalse: 0, constant };
}

/** `struct sock_filter` after `struct sock_filter`, in hexadecimal. */
export function encodeProgram(program: readonly Instruction[]): string {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  program.forEach(({ code, ifTrue, ifFalse, constant }, index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.writeUInt16LE(code, at);
    bytes.writeUInt8(ifTrue, at + 2);
    bytes.writeUInt8(ifFalse, at + 3);
    bytes.writeUInt32LE(constant >>> 0, at + 4);
  });
  return bytes.toString('hex');
}
