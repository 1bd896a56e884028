import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Architecture } from './allowed-calls.js';
import { encodeProgram } from './bpf.js';
import { runProbe } from './probe-wall.js';
import { seccompFilter } from './seccomp-filter.js';
import { findSecondWall, usualPlaces } from './second-wall.js';

const { native, architecture } = usualPlaces();
const launcher = join(native, 'launcher');
const probe = join(native, 'probe');
const stands = findSecondWall().missing === '';
const filter = stands ? encodeProgram(seccompFilter(architecture as Architecture)) : '';
/** As native/build.mjs compiles them. */
const FREESTANDING = [
  ...[
    '-O2',
    '-Wall',
    '-Wextra',
    '-std=gnu11',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
  ],
  ...['-fno-pie', '-no-pie', '-Wl,-z,noexecstack', '-Wl,--build-id=none'],
];
const LIMITS = ['100000000', '1000000'];

function launch(...args: string[]): { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(launcher, args, { env: {}, cwd: '/', encoding: 'utf8' });
  return { status, stderr };
}

test('the launcher and the probe are compiled', ({ skip }) => {
  if (!stands && process.env['REQUIRE_SECOND_WALL'] !== '1') skip('there is no second wall on this machine');
  expect([launcher, probe].every((path) => existsSync(path))).toBe(true);
});

describe.skipIf(!stands)('the launcher', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wr-launcher-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['no arguments', [], 90, /incomplete/],
    ['a limit that is no number', [filter, 'many', '1', '--', probe], 90, /a limit is no number/],
    ['a limit of nothing', [filter, '0', '1', '--', probe], 90, /a limit is no number/],
    ['an unknown rule', [filter, ...LIMITS, '--write', '/tmp', '--', probe], 90, /unknown argument: --write/],
    ['no program', [filter, ...LIMITS, '--file', '/etc/passwd'], 90, /name no program/],
    ['nothing after the dashes', [filter, ...LIMITS, '--'], 90, /name no program/],
    ['half an instruction', ['0011', ...LIMITS, '--', probe], 91, /impossible length/],
    ['a filter that is no number', ['zz'.repeat(8), ...LIMITS, '--', probe], 91, /not hexadecimal/],
    [
      'a file that is not there',
      [filter, ...LIMITS, '--file', '/nonexistent', '--', probe],
      96,
      /opened: \/nonexistent \(errno 2\)/,
    ],
    [
      'a rule for a folder that is a file',
      [filter, ...LIMITS, '--folder', probe, '--', probe],
      97,
      /takes no rule for: .*probe/,
    ],
    ['a program that is not there', [filter, ...LIMITS, '--', '/nonexistent'], 99, /opened: \/nonexistent/],
    [
      'a filter that the kernel refuses',
      ['00'.repeat(8), ...LIMITS, '--', probe],
      103,
      /takes no seccomp filter \(errno 22\)/,
    ],
    [
      'a program that may not be run',
      [filter, ...LIMITS, '--file', probe, '--', probe],
      104,
      /cannot be started: .*probe \(errno 13\)/,
    ],
  ])('%s: ends with its own code and a sentence', (_, args, code, sentence) => {
    const { status, stderr } = launch(...args);
    expect(stderr).toMatch(/^launcher: /);
    expect(stderr).toMatch(sentence);
    expect(status).toBe(code);
  });

  test('a descriptor as high as the program’s must be possible', () => {
    const command = `ulimit -n 900; exec "$0" "$@"`;
    const args = ['-c', command, launcher, filter, ...LIMITS, '--run', probe, '--', probe];
    const { status, stderr } = spawnSync('/bin/sh', args, { env: {}, encoding: 'utf8' });
    expect([status, stderr]).toEqual([100, expect.stringMatching(/no descriptor with a number that high/)]);
  });
});

/** Without a wall, on a machine that allows it all: what the probe cannot do there it would not notice behind a wall. */
describe.skipIf(!stands)('the probe', () => {
  const run = () => runProbe((folder) => ({ file: probe, args: [folder, String(process.pid)] }));

  test('does what it attempts where nothing stops it, and says so', () => {
    const { attempts, succeeded, fault } = run();
    expect(fault).toBeNull();
    expect(succeeded).toContain('changing files');
    const without = [...attempts].filter(([, errno]) => errno !== 0).map(([name]) => name);
    // Not in every kernel, or not for users without privileges.
    const optional =
      /^(socket-(crypto|vsock|packet)|make-node|memory-of-process|trace-process|read-memory-of-process|compare-with-process|io-uring|bpf|performance-events|user-fault-descriptor|secret-memory|keyring|add-key|watch-all-files|change-root|hold-capabilities|host-name|mount|unmount|open-mount|open-file-system|.*namespace|list-root)$/;
    expect(without.filter((name) => !optional.test(name))).toEqual([]);
    if (process.getuid?.() === 0 && process.env['REQUIRE_SECOND_WALL'] === '1') {
      expect(succeeded.length).toBeGreaterThanOrEqual(60);
    }
  });

  test('behind a filter without one of its checks succeeds with just that', () => {
    // A planted fault: what starts with the number of `socket` is allowed.
    const sound = seccompFilter(architecture as Architecture);
    const socket = architecture === 'x64' ? 41 : 198;
    const [loadArchitecture, isNative, end, loadNumber, ...rest] = sound;
    const hole = [
      { code: 0x15, ifTrue: 0, ifFalse: 1, constant: socket },
      { code: 0x06, ifTrue: 0, ifFalse: 0, constant: 0x7fff0000 },
    ];
    const program = [loadArchitecture, isNative, end, loadNumber, ...hole, ...rest].filter(
      (one) => one !== undefined,
    );
    const behind = (text: string) =>
      runProbe((folder) => ({
        file: launcher,
        args: [text, ...LIMITS, '--own-process', '--run', probe, '--', probe, folder, String(process.pid)],
      }));
    expect(behind(encodeProgram(sound))).toMatchObject({ succeeded: [], fault: null });
    const { succeeded } = behind(encodeProgram(program));
    expect(succeeded).toContain('socket-unix');
    expect(succeeded.every((name) => name.startsWith('socket-'))).toBe(true);
  });

  test('behind a launcher that forgets to give up capabilities, notices that', ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root has capabilities that could be forgotten');
    const folder = mkdtempSync(join(tmpdir(), 'wr-launcher-'));
    try {
      // A planted fault: the call that gives them up is left out.
      const walls = resolve(native, '../walls');
      const sound = readFileSync(join(walls, 'launcher.c'), 'utf8');
      const broken = sound.replace('CALL2(SYS_capset, &header, none)', '0 * header.process');
      expect(broken).not.toBe(sound);
      writeFileSync(join(folder, 'launcher.c'), broken);
      const args = [...FREESTANDING, '-I', walls, '-o', join(folder, 'launcher'), join(folder, 'launcher.c')];
      const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      const { succeeded } = runProbe((files) => ({
        file: join(folder, 'launcher'),
        args: [filter, ...LIMITS, '--own-process', '--run', probe, '--', probe, files, String(process.pid)],
      }));
      expect(succeeded).toEqual(['hold-capabilities']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/**
 * For arm64 as far as that goes on another processor: a cross compiler, and an emulator of one process, which has neither landlock nor
 * seccomp. So the launcher gets as far as landlock there, and the probe is run without a wall.
 */
describe('for arm64', () => {
  const CROSS = 'aarch64-linux-gnu-gcc';
  const EMULATOR = 'qemu-aarch64';
  const has = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
  const lacking = [CROSS, EMULATOR].filter((program) => !has(program));
  const why = `${lacking.join(' and ')} not installed`;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wr-arm64-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test(`launcher and probe compile without a warning${lacking.includes(CROSS) ? ` (${why})` : ''}`, ({
    skip,
  }) => {
    if (lacking.includes(CROSS) && process.env['REQUIRE_ARM64'] !== '1') skip(why);
    for (const name of ['launcher', 'probe']) {
      const source = resolve(native, '../walls', `${name}.c`);
      const { status, stderr } = spawnSync(
        CROSS,
        [...FREESTANDING, '-Werror', '-o', join(folder, name), source],
        {
          encoding: 'utf8',
        },
      );
      expect(status, stderr).toBe(0);
      // Of the header of an ELF file: which processor it is for; 183 is arm64.
      expect(readFileSync(join(folder, name)).readUInt16LE(18)).toBe(183);
    }
  });

  test(`they run in an emulator up to what that lacks${lacking.length > 0 ? ` (${why})` : ''}`, ({
    skip,
  }) => {
    if (lacking.length > 0 && process.env['REQUIRE_ARM64'] !== '1') skip(why);
    const emulate = (...args: string[]) => spawnSync(EMULATOR, args, { env: {}, encoding: 'utf8' });
    expect(emulate(join(folder, 'launcher'))).toMatchObject({
      status: 90,
      stderr: 'launcher: the arguments are incomplete\n',
    });
    const wall = encodeProgram(seccompFilter('arm64'));
    const started = emulate(join(folder, 'launcher'), wall, ...LIMITS, '--', join(folder, 'probe'));
    // It has read the filter and given up privileges by then.
    expect(started).toMatchObject({ status: 94, stderr: expect.stringContaining('has no landlock') });
    const { attempts, succeeded, fault } = runProbe((files) => ({
      file: EMULATOR,
      args: [join(folder, 'probe'), files, String(process.pid)],
    }));
    expect(fault).toBeNull();
    expect(attempts.size).toBeGreaterThanOrEqual(70);
    expect(succeeded).toEqual(expect.arrayContaining(['read-file', 'fork', 'socket-inet', 'changing files']));
  });
});
