import {
  ALLOWED_CALLS,
  type Architecture,
  AUDIT_ARCHITECTURE,
  CHECKED_CALLS,
  type CheckedCall,
  numberOf,
} from './allowed-calls.js';
import {
  ANSWER,
  ARCHITECTURE_AT,
  assemble,
  high,
  type Instruction,
  type Line,
  low,
  NUMBER_AT,
} from './bpf.js';

/** The launcher puts the number of the process it becomes in place of this one: `kernel.h` has the same. */
export const OWN_PROCESS = 0x4f574e50;
/** The descriptor of the program and the address of its empty name, as in `kernel.h`. */
export const PROGRAM_FD = 1000;
export const EMPTY_NAME = 0x10000;
/** Nothing is mapped below here on purpose, so that no later code has `EMPTY_NAME`. */
const LOW_END = 0x20000;

const ERRNO = { EPERM: 1, EACCES: 13, ENOTTY: 25, ENOSYS: 38 } as const;
const X32_CALLS = 0x40000000;

const CLONE_THREAD = 0x00010000;
/** Mount, cgroup, UTS, IPC, user, PID and network namespaces. */
const CLONE_NAMESPACES = 0x7e020000;
/** Writing, creating, truncating, nameless files. */
const OPEN_TO_CHANGE = 0o20001103;
const MAP_FIXED_OR_NOREPLACE = 0x100010;
const REMAP_TO_ADDRESS = 0x6;
const AT_EMPTY_PATH = 0x1000;

/** Terminal or not, its size, bytes to read, (non-)blocking, close-on-exec, and which pages were written. */
const IOCTLS = [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0xc0606610];
/** Copies of a descriptor, and its flags. Not F_SETOWN, by which the kernel would send signals to others. */
const FCNTLS = [0, 1, 2, 3, 4, 1030];
/** Names of threads and of memory, for whoever looks at the process; whether it can be dumped. */
const PRCTLS = [3, 15, 16, 0x53564d41];

const refused = (errno: number): Line => ({ answer: ANSWER.refuse | errno });
const allowed: Line = { answer: ANSWER.allow };

/** Compares an argument's lower half with a list. */
function oneOf(argument: number, values: readonly number[], errno: number): Line[] {
  const tests = values.map((constant): Line => ({ when: 'equal', constant, onTrue: 'known' }));
  return [{ load: low(argument) }, ...tests, refused(errno), { place: 'known' }, allowed];
}

/** Refuses when one of `bits` is set in an argument's lower half. */
function noneOf(argument: number, bits: number, errno: number): Line[] {
  return [
    { load: low(argument) },
    { when: 'anyBit', constant: bits, onTrue: 'set' },
    allowed,
    { place: 'set' },
    refused(errno),
  ];
}

/** What each of the checked calls must look like. Places are local to a check. */
export const CHECKS: Readonly<Record<CheckedCall, readonly Line[]>> = {
  // A thread of this process, in all its namespaces.
  clone: [
    { load: low(0) },
    { when: 'anyBit', constant: CLONE_THREAD, onFalse: 'refuse' },
    { when: 'anyBit', constant: CLONE_NAMESPACES, onTrue: 'refuse' },
    allowed,
    { place: 'refuse' },
    refused(ERRNO.EPERM),
  ],
  // The launcher's own, of a descriptor and a name that nobody has afterwards.
  execveat: [
    { load: low(0) },
    { when: 'equal', constant: PROGRAM_FD, onFalse: 'refuse' },
    { load: low(1) },
    { when: 'equal', constant: EMPTY_NAME, onFalse: 'refuse' },
    { load: high(1) },
    { when: 'equal', constant: 0, onFalse: 'refuse' },
    { load: low(4) },
    { when: 'equal', constant: AT_EMPTY_PATH, onFalse: 'refuse' },
    allowed,
    { place: 'refuse' },
    refused(ERRNO.EPERM),
  ],
  fcntl: oneOf(1, FCNTLS, ERRNO.EPERM),
  ioctl: oneOf(1, IOCTLS, ERRNO.ENOTTY),
  kill: oneOf(0, [OWN_PROCESS], ERRNO.EPERM),
  tgkill: oneOf(0, [OWN_PROCESS], ERRNO.EPERM),
  // Anywhere but in the lowest pages: not at an address there, and not at 0 when that is meant as one.
  mmap: [
    { load: high(0) },
    { when: 'equal', constant: 0, onFalse: 'allow' },
    { load: low(0) },
    { when: 'atLeast', constant: LOW_END, onTrue: 'allow' },
    { when: 'equal', constant: 0, onFalse: 'refuse' },
    { load: low(3) },
    { when: 'anyBit', constant: MAP_FIXED_OR_NOREPLACE, onTrue: 'refuse' },
    { place: 'allow' },
    allowed,
    { place: 'refuse' },
    refused(ERRNO.EPERM),
  ],
  mremap: noneOf(3, REMAP_TO_ADDRESS, ERRNO.EPERM),
  open: noneOf(1, OPEN_TO_CHANGE, ERRNO.EACCES),
  openat: noneOf(2, OPEN_TO_CHANGE, ERRNO.EACCES),
  prctl: oneOf(0, PRCTLS, ERRNO.EPERM),
  // Of this process: 0 stands for it. A limit cannot be raised without capabilities.
  prlimit64: oneOf(0, [0], ERRNO.EPERM),
};

/**
 * The seccomp program of the second wall. Calls of another architecture or of the x32 ABI end the process; those that
 * `allowed-calls.ts` does not know do not exist here (ENOSYS), so that libraries fall back on older ones.
 */
export function seccompFilter(architecture: Architecture): Instruction[] {
  const checked = (Object.keys(CHECKED_CALLS) as CheckedCall[]).flatMap((name) => {
    const number = numberOf(CHECKED_CALLS[name], architecture);
    return number === null ? [] : checkOf(name, number);
  });
  const numbers = ALLOWED_CALLS.flatMap(({ calls }) => Object.values(calls))
    .map((call) => numberOf(call, architecture))
    .filter((number) => number !== null);
  return assemble([
    { load: ARCHITECTURE_AT },
    { when: 'equal', constant: AUDIT_ARCHITECTURE[architecture], onTrue: 'native' },
    { answer: ANSWER.endProcess },
    { place: 'native' },
    { load: NUMBER_AT },
    { when: 'atLeast', constant: X32_CALLS, onFalse: 'usual' },
    { answer: ANSWER.endProcess },
    { place: 'usual' },
    ...checked,
    ...numbers.map((constant): Line => ({ when: 'equal', constant, onTrue: 'allow' })),
    refused(ERRNO.ENOSYS),
    { place: 'allow' },
    allowed,
  ]);
}

/** When it is this call: the check, which always answers. */
function checkOf(name: CheckedCall, number: number): Line[] {
  const own = (place: string): string => `${name} ${place}`;
  const local = CHECKS[name].map((line): Line => {
    if ('place' in line) return { place: own(line.place) };
    if (!('when' in line)) return line;
    return {
      when: line.when,
      constant: line.constant,
      ...(line.onTrue === undefined ? {} : { onTrue: own(line.onTrue) }),
      ...(line.onFalse === undefined ? {} : { onFalse: own(line.onFalse) }),
    };
  });
  return [{ when: 'equal', constant: number, onFalse: own('next') }, ...local, { place: own('next') }];
}
