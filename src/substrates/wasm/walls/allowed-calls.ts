/** Processors for which there is a second wall. */
export type Architecture = 'x64' | 'arm64';

/** Of `linux/audit.h`. */
export const AUDIT_ARCHITECTURE: Readonly<Record<Architecture, number>> = {
  x64: 0xc000003e,
  arm64: 0xc00000b7,
};

/** Numbers of a system call on x86-64 and on arm64; null where there is none. */
export type CallNumbers = readonly [x64: number | null, arm64: number | null];

export interface CallGroup {
  /** What the executor host needs them for, and why they reach nobody else. */
  readonly why: string;
  readonly calls: Readonly<Record<string, CallNumbers>>;
}

/**
 * The system calls that the executor host may make with whatever arguments. It has descriptors for its control connection, its
 * output, and what it opened itself, so a call on a descriptor reaches nothing else.
 */
export const ALLOWED_CALLS: readonly CallGroup[] = [
  {
    why: 'its own memory',
    calls: {
      brk: [12, 214],
      madvise: [28, 233],
      membarrier: [324, 283],
      memfd_create: [319, 279],
      mprotect: [10, 226],
      munmap: [11, 215],
    },
  },
  {
    why: 'descriptors that it has',
    calls: {
      close: [3, 57],
      dup: [32, 23],
      dup2: [33, null],
      dup3: [292, 24],
      fstat: [5, 80],
      ftruncate: [77, 46],
      getdents64: [217, 61],
      lseek: [8, 62],
      pread64: [17, 67],
      pwrite64: [18, 68],
      read: [0, 63],
      readv: [19, 65],
      write: [1, 64],
      writev: [20, 66],
    },
  },
  {
    why: 'names of files, not their contents; behind bubblewrap only those that it may read exist',
    calls: {
      access: [21, null],
      faccessat: [269, 48],
      faccessat2: [439, 439],
      getcwd: [79, 17],
      lstat: [6, null],
      newfstatat: [262, 79],
      readlink: [89, null],
      readlinkat: [267, 78],
      stat: [4, null],
      statx: [332, 291],
    },
  },
  {
    why: 'waking its own threads, and waiting',
    calls: {
      clock_nanosleep: [230, 115],
      epoll_create1: [291, 20],
      epoll_ctl: [233, 21],
      epoll_pwait: [281, 22],
      epoll_pwait2: [441, 441],
      epoll_wait: [232, null],
      eventfd2: [290, 19],
      futex: [202, 98],
      nanosleep: [35, 101],
      pipe2: [293, 59],
      poll: [7, null],
      ppoll: [271, 73],
      restart_syscall: [219, 128],
      sched_yield: [24, 124],
    },
  },
  {
    why: 'its own threads: registers, signal handlers, their end',
    calls: {
      arch_prctl: [158, null],
      exit: [60, 93],
      exit_group: [231, 94],
      rseq: [334, 293],
      rt_sigaction: [13, 134],
      rt_sigprocmask: [14, 135],
      rt_sigreturn: [15, 139],
      set_robust_list: [273, 99],
      set_tid_address: [218, 96],
      sigaltstack: [131, 132],
    },
  },
  {
    why: 'facts about itself and the machine',
    calls: {
      capget: [125, 90],
      clock_getres: [229, 114],
      clock_gettime: [228, 113],
      getcpu: [309, 168],
      getegid: [108, 177],
      geteuid: [107, 175],
      getgid: [104, 176],
      getpid: [39, 172],
      getppid: [110, 173],
      getrandom: [318, 278],
      getrlimit: [97, 163],
      getrusage: [98, 165],
      gettid: [186, 178],
      gettimeofday: [96, 169],
      getuid: [102, 174],
      sched_getaffinity: [204, 123],
      sysinfo: [99, 179],
      uname: [63, 160],
    },
  },
  {
    why: 'the control connection, a socket that it was given; it can make no other',
    calls: { getsockname: [51, 204], getsockopt: [55, 209], shutdown: [48, 210] },
  },
];

/** System calls that are allowed with some arguments only: `seccomp-filter.ts` says which. */
export const CHECKED_CALLS = {
  clone: [56, 220],
  execveat: [322, 281],
  fcntl: [72, 25],
  ioctl: [16, 29],
  kill: [62, 129],
  mmap: [9, 222],
  mremap: [25, 216],
  open: [2, null],
  openat: [257, 56],
  prctl: [157, 167],
  prlimit64: [302, 261],
  tgkill: [234, 131],
} as const satisfies Readonly<Record<string, CallNumbers>>;

export type CheckedCall = keyof typeof CHECKED_CALLS;

/** The number of a call on that architecture, or null. */
export function numberOf([x64, arm64]: CallNumbers, architecture: Architecture): number | null {
  return architecture === 'x64' ? x64 : arm64;
}
