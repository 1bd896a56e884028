import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ALLOWED_CALLS,
  type Architecture,
  AUDIT_ARCHITECTURE,
  CHECKED_CALLS,
  type CheckedCall,
  numberOf,
} from './allowed-calls.js';
import { ANSWER, assemble, encodeProgram } from './bpf.js';
import { packageFolder } from './host-files.js';
import { EMPTY_NAME, OWN_PROCESS, PROGRAM_FD, seccompFilter } from './seccomp-filter.js';
import { interpret, type Verdict } from './testing/interpret-filter.js';

const ARCHITECTURES: readonly Architecture[] = ['x64', 'arm64'];
const ALL = { ...CHECKED_CALLS, ...Object.assign({}, ...ALLOWED_CALLS.map(({ calls }) => calls)) };

function verdict(architecture: Architecture, number: number, ...parts: (number | bigint)[]): Verdict {
  const call = { architecture: AUDIT_ARCHITECTURE[architecture], number, arguments: parts };
  return interpret(seccompFilter(architecture), call);
}

/** On each architecture that has the call. */
function checked(name: CheckedCall, ...parts: (number | bigint)[]): Verdict[] {
  return ARCHITECTURES.flatMap((architecture) => {
    const number = numberOf(CHECKED_CALLS[name], architecture);
    return number === null ? [] : [verdict(architecture, number, ...parts)];
  });
}

function expectAllowed(name: CheckedCall, ...parts: (number | bigint)[]): void {
  const verdicts = checked(name, ...parts);
  expect(verdicts.length).toBeGreaterThan(0);
  expect(new Set(verdicts)).toEqual(new Set(['allow']));
}

function expectRefused(name: CheckedCall, ...parts: (number | bigint)[]): void {
  const verdicts = checked(name, ...parts);
  expect(verdicts.length).toBeGreaterThan(0);
  for (const one of verdicts) expect(one).toMatchObject({ errno: expect.any(Number) });
}

describe.each(ARCHITECTURES)('the filter for %s', (architecture) => {
  const plain = ALLOWED_CALLS.flatMap(({ calls }) => Object.values(calls))
    .map((call) => numberOf(call, architecture))
    .filter((number) => number !== null);
  const known = [...plain, ...Object.values(CHECKED_CALLS).map((call) => numberOf(call, architecture))];

  test('allows what the table names, whatever the arguments', () => {
    expect(plain.length).toBeGreaterThan(60);
    const ones = Array.from({ length: 6 }, () => 2n ** 64n - 1n);
    for (const number of plain) {
      expect(verdict(architecture, number)).toBe('allow');
      expect(verdict(architecture, number, ...ones)).toBe('allow');
    }
  });

  test('says of every other number that there is no such call', () => {
    for (let number = 0; number < 1024; number++) {
      if (!known.includes(number)) expect(verdict(architecture, number)).toEqual({ errno: 38 });
    }
    expect(verdict(architecture, 0x3fffffff)).toEqual({ errno: 38 });
  });

  test('ends a process that uses another architecture or the x32 ABI', () => {
    const program = seccompFilter(architecture);
    for (const foreign of [0x40000003, 0xc000003e, 0xc00000b7, 0x40000028, 0]) {
      if (foreign === AUDIT_ARCHITECTURE[architecture]) continue;
      for (const number of [0, 1, 59, 221])
        expect(interpret(program, { architecture: foreign, number, arguments: [] })).toBe('end process');
    }
    expect(verdict(architecture, 0x40000000)).toBe('end process');
    expect(verdict(architecture, 0xffffffff)).toBe('end process');
  });

  test('fits in what the launcher and the kernel take', () => {
    const program = seccompFilter(architecture);
    expect(program.length).toBeLessThan(1024);
    expect(encodeProgram(program)).toMatch(/^[0-9a-f]+$/);
    expect(encodeProgram(program)).toHaveLength(program.length * 16);
  });
});

describe('of the checked calls', () => {
  const THREAD = 0x003d0f00;

  test('clone makes threads and nothing else', () => {
    expectAllowed('clone', THREAD);
    for (const flags of [0, 17, 0x4111, 0x00000200, THREAD & ~0x10000]) expectRefused('clone', flags);
    for (const namespace of [
      0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
    ])
      expectRefused('clone', THREAD | namespace);
  });

  test('execveat starts the one program by the one name', () => {
    const flags = 0x1000;
    expectAllowed('execveat', PROGRAM_FD, EMPTY_NAME, 0x7fff_0000_0000n, 0, flags);
    expectRefused('execveat', PROGRAM_FD + 1, EMPTY_NAME, 0, 0, flags);
    expectRefused('execveat', -100, EMPTY_NAME, 0, 0, flags);
    expectRefused('execveat', PROGRAM_FD, EMPTY_NAME + 1, 0, 0, flags);
    expectRefused('execveat', PROGRAM_FD, BigInt(EMPTY_NAME) + 2n ** 32n, 0, 0, flags);
    expectRefused('execveat', PROGRAM_FD, 0x7fff_0000_0000n, 0, 0, flags);
    for (const other of [0, 0x100, 0x1100]) expectRefused('execveat', PROGRAM_FD, EMPTY_NAME, 0, 0, other);
  });

  test('nothing can be mapped where that name was', () => {
    const [fixed, noReplace, anywhere] = [0x32, 0x100022, 0x22];
    for (const address of [EMPTY_NAME, 1, 4096, EMPTY_NAME - 4096, EMPTY_NAME + 4096]) {
      for (const flags of [fixed, noReplace, anywhere]) expectRefused('mmap', address, 4096, 3, flags);
    }
    for (const flags of [fixed, noReplace]) expectRefused('mmap', 0, 2 ** 20, 3, flags);
    expectAllowed('mmap', 0, 4096, 3, anywhere);
    for (const flags of [fixed, noReplace, anywhere]) {
      expectAllowed('mmap', 0x400000, 4096, 3, flags);
      expectAllowed('mmap', BigInt(EMPTY_NAME) + 2n ** 32n, 4096, 3, flags);
      expectAllowed('mmap', 0x7f12_0001_0000n, 4096, 3, flags);
    }
    for (const flags of [2, 3, 4, 5, 7])
      expectRefused('mremap', 0x7f12_0000_0000n, 4096, 4096, flags, EMPTY_NAME);
    for (const flags of [0, 1]) expectAllowed('mremap', 0x7f12_0000_0000n, 4096, 8192, flags);
  });

  test('files are opened for reading', () => {
    for (const flags of [0, 0o2000000, 0o200000, 0o10000000, 0o4000]) {
      expectAllowed('openat', -100, 0, flags);
      expectAllowed('open', 0, flags);
    }
    for (const flags of [1, 2, 3, 0o100, 0o1000, 0o20200000, 0o2000101, 0o20200002]) {
      expectRefused('openat', -100, 0, flags);
      expectRefused('open', 0, flags);
    }
  });

  test('signals reach this process only, which the launcher fills in', () => {
    for (const name of ['kill', 'tgkill'] as const) {
      expectAllowed(name, OWN_PROCESS, 9);
      for (const process of [0, 1, -1, OWN_PROCESS + 1]) expectRefused(name, process, 9);
    }
  });

  test('descriptors, devices, limits and the process have the few operations that Node needs', () => {
    for (const command of [0, 1, 2, 3, 4, 1030]) expectAllowed('fcntl', 3, command);
    // Locks, owners and signals of descriptors, leases, watching folders, pipe sizes, seals.
    for (const command of [5, 6, 7, 8, 10, 15, 36, 1024, 1026, 1031, 1033])
      expectRefused('fcntl', 3, command);
    for (const request of [0x5401, 0x5413, 0x541b, 0x5421, 0x5450, 0x5451, 0xc0606610])
      expectAllowed('ioctl', 3, request);
    // TIOCSTI, TIOCSCTTY, TIOCLINUX, FIOSETOWN, SIOCGIFCONF.
    for (const request of [0x5412, 0x540e, 0x541c, 0x8901, 0x8912]) expectRefused('ioctl', 3, request);
    for (const option of [15, 16, 3]) expectAllowed('prctl', option);
    // Death signal, dumpable, capabilities, seccomp, secure bits, ambient, tracer.
    for (const option of [1, 4, 8, 22, 28, 47, 0x59616d61]) expectRefused('prctl', option);
    expectAllowed('prlimit64', 0, 7);
    for (const process of [1, 4321, -1]) expectRefused('prlimit64', process, 7);
  });
});

describe('the tables', () => {
  test('name no call twice and give no two calls one number', () => {
    const names = ALLOWED_CALLS.flatMap(({ calls }) => Object.keys(calls));
    const both = [...names, ...Object.keys(CHECKED_CALLS)];
    expect(new Set(both).size).toBe(both.length);
    for (const architecture of ARCHITECTURES) {
      const numbers = Object.values(ALL).map((call) => numberOf(call as [number, number], architecture));
      const there = numbers.filter((number) => number !== null);
      expect(new Set(there).size).toBe(there.length);
    }
  });

  test('name nothing that starts programs, reaches others or changes files', () => {
    const dangerous =
      /^(execve|fork|vfork|clone3|ptrace|process_|pidfd|socket|connect|bind|listen|accept|send|recv|mount|umount|unshare|setns|bpf|io_uring|keyctl|add_key|userfaultfd|perf|unlink|rename|mkdir|rmdir|link|symlink|mknod|chmod|fchmod|chown|truncate|creat|utime|setxattr|shm|msg|sem|mq_|tkill|rt_sigqueue|rt_tgsig|setuid|setgid|capset|chroot|pivot|open_by|name_to|memfd_secret|inotify|fanotify|splice|tee|vmsplice|init_module|kexec|reboot|swap|seccomp|landlock|personality)/;
    // The one start of a program is the launcher’s own.
    expect(Object.keys(ALL).filter((name) => dangerous.test(name))).toEqual(['execveat']);
    expect(dangerous.test('process_vm_readv')).toBe(true);
  });

  /** Numbers of a kernel header, after the compiler has read it; null where there is no compiler or header. */
  function numbersOf(source: string, compiler = 'cc'): Map<string, number> | null {
    const { status, stdout } = spawnSync(compiler, ['-E', '-dM', '-'], { input: source, encoding: 'utf8' });
    if (status !== 0) return null;
    const lines = stdout.matchAll(/^#define (__NR(?:3264)?_\w+) (\d+|__NR3264_\w+)$/gm);
    const macros = new Map([...lines].map(([, name = '', value = '']) => [name, value]));
    const number = (value: string): number => Number(macros.get(value) ?? value);
    const calls = [...macros].filter(([name]) => name.startsWith('__NR_'));
    return new Map(calls.map(([name, value]) => [name.slice('__NR_'.length), number(value)]));
  }

  test('have the numbers of the kernel for x86-64', ({ skip }) => {
    const header = numbersOf('#include <asm/unistd_64.h>\n');
    if (header === null || process.arch !== 'x64') {
      if (process.env['REQUIRE_SECOND_WALL'] !== '1') skip('needs a C compiler and the headers of x86-64');
    }
    for (const [name, call] of Object.entries(ALL))
      expect([name, header?.get(name)]).toEqual([name, (call as [number])[0]]);
  });

  test('have the numbers of the kernel for arm64, which are the common ones', ({ skip }) => {
    const flags = ['NEW_STAT', 'RENAMEAT', 'SET_GET_RLIMIT', 'TIME32_SYSCALLS', 'MEMFD_SECRET', 'SYS_CLONE3'];
    const source = flags.map((flag) => `#define __ARCH_WANT_${flag}\n`).join('');
    const header = numbersOf(`#define __BITS_PER_LONG 64\n${source}#include <asm-generic/unistd.h>\n`);
    if (header === null) {
      if (process.env['REQUIRE_SECOND_WALL'] !== '1')
        skip('needs a C compiler and the headers of the kernel');
    }
    for (const [name, call] of Object.entries(ALL)) {
      const [, number] = call as [number | null, number | null];
      expect([name, header?.get(name) ?? null]).toEqual([name, number]);
    }
  });

  test('agree with the launcher about what they share', () => {
    const c = ['kernel.h', 'launcher.c']
      .map((name) => readFileSync(join(packageFolder(), 'native/walls', name), 'utf8'))
      .join();
    const constant = (name: string): number =>
      Number(new RegExp(`#define ${name} \\(?(?:\\(void \\*\\))?(0x[0-9a-f]+|\\d+)`).exec(c)?.[1]);
    expect(constant('PROGRAM_FD')).toBe(PROGRAM_FD);
    expect(constant('EMPTY_NAME')).toBe(EMPTY_NAME);
    expect(constant('OWN_PROCESS')).toBe(OWN_PROCESS);
  });
});

describe('a faulty filter is caught', () => {
  test('by the interpreter when it runs over its end or loads what is not there', () => {
    const call = { architecture: 1, number: 2, arguments: [] };
    expect(() => interpret(assemble([{ load: 0 }]), call)).toThrow(/over its end/);
    expect(() => interpret(assemble([{ load: 64 }, { answer: ANSWER.allow }]), call)).toThrow(/offset 64/);
  });

  test('by the assembler when a jump goes back, too far or nowhere', () => {
    const jump = { when: 'equal', constant: 1, onTrue: 'there' } as const;
    const filler = Array.from({ length: 256 }, () => ({ load: 0 }));
    expect(() => assemble([{ place: 'there' }, jump])).toThrow(/there/);
    expect(() => assemble([jump, ...filler, { place: 'there' }])).toThrow(/there/);
    expect(() => assemble([jump])).toThrow(/there/);
    expect(() => assemble([{ place: 'there' }, { place: 'there' }])).toThrow(/two places/);
  });
});
