import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MIB } from '../../../model/sizes.js';
import { WorldError } from '../../../model/world-error.js';
import type { IsolationPart } from '../../../ports/substrate.js';
import { EXECUTOR_STACK_MIB, MEMORY_MAX_BYTES } from '../executor/sizes.js';
import type { HostCommand } from '../host-process.js';
import type { Architecture } from './allowed-calls.js';
import { type Enclosure, enclose } from './enclose.js';
import { hostFiles, packageFolder } from './host-files.js';
import { type ProbeResult, runProbe } from './probe-wall.js';

/** What was found by trying, once per process. */
export interface SecondWall {
  readonly parts: readonly IsolationPart[];
  /** Puts the wall around a host; null when there is none. */
  readonly enclose: ((command: HostCommand, size: HostSize) => HostCommand) | null;
  /** What is missing and how to get it; empty when the wall stands. */
  readonly missing: string;
}

/** What decides how much memory a host may need. */
export interface HostSize {
  readonly workers: number;
  readonly slabBudgetBytes: number;
}

/** Where the parts are looked for; other than the defaults in tests. */
export interface WallPlaces {
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  /** Folder of the compiled launcher and probe. */
  readonly native: string;
  /** Absolute path of `bwrap`, or null. */
  readonly bubblewrap: string | null;
}

const NODE_TIMEOUT_MS = 10_000;
/** Of Node itself, the engine's code, messages on their way. */
const COMMON_BYTES = 1536 * MIB;
/** Of a worker besides its guest's memory and its stack. */
const WORKER_BYTES = 256 * MIB;
/** Workers that end while others take their place. */
const SPARE_WORKERS = 2;

/** The errno of a file that is there but may not be read is another (EACCES). */
const ENOENT = 2;
/** What landlock refuses and the filter cannot: whether a file may be read depends on its name. */
const FILE_ATTEMPTS = [
  ...['read-file', 'read-passwd', 'list-folder', 'list-root', 'list-processes'],
  ...['environment-of-process', 'command-line-of-process'],
];

export function usualPlaces(): WallPlaces {
  const native = join(packageFolder(), 'native/build');
  return { platform: process.platform, architecture: process.arch, native, bubblewrap: findOnPath('bwrap') };
}

/** Tries which walls stand on this machine, outermost first: a program behind them attempts what must be impossible. */
export function findSecondWall(places: WallPlaces = usualPlaces()): SecondWall {
  const absent = whyAbsent(places);
  if (absent !== null) return noWall(absent);
  const program = realpathSync(process.execPath);
  const inner = {
    launcher: join(places.native, 'launcher'),
    architecture: places.architecture as Architecture,
    files: hostFiles(program),
  };
  const tried =
    places.bubblewrap === null ? null : tryEnclosure({ ...inner, bubblewrap: places.bubblewrap }, places);
  if (tried?.fault === null) return wallOf({ ...inner, bubblewrap: places.bubblewrap }, tried.probe, null);
  const why = tried?.fault ?? 'bwrap is not installed; install bubblewrap to have it';
  const alone = tryEnclosure({ ...inner, bubblewrap: null }, places);
  if (alone.fault === null) return wallOf({ ...inner, bubblewrap: null }, alone.probe, why);
  return noWall(`${alone.fault}. It needs Linux 5.13 or later with seccomp and landlock enabled`);
}

/** @throws ISOLATION_MISSING */
export function requireWall({ missing }: SecondWall): never {
  const text = `The kernel-enforced wall around guest code does not stand here, so no code is run: ${missing}. \
To run without it code that you trust, set WORLD_ALLOW_WEAK_ISOLATION=1 (docs/security.md); wr doctor tells what stands.`;
  throw new WorldError('ISOLATION_MISSING', text, { details: { missing } });
}

/** Private memory that a host of that size may come to need, bytes: beyond it, it can only be out of control. */
export function dataBytesOf({ workers, slabBudgetBytes }: HostSize): number {
  const worker = MEMORY_MAX_BYTES + EXECUTOR_STACK_MIB * MIB + WORKER_BYTES;
  return COMMON_BYTES + slabBudgetBytes + (workers + SPARE_WORKERS) * worker;
}

function whyAbsent({ platform, architecture, native }: WallPlaces): string | null {
  if (platform !== 'linux' || (architecture !== 'x64' && architecture !== 'arm64')) {
    return `it is written for Linux on x86-64 and arm64, and this is ${platform} on ${architecture}`;
  }
  const missing = ['launcher', 'probe'].filter((name) => !existsSync(join(native, name)));
  if (missing.length === 0) return null;
  return `${missing.join(' and ')} of the package world-runtime were not compiled; install a C compiler (cc, gcc or clang) and run: npm rebuild world-runtime (in a checkout: npm run build)`;
}

type Inner = Omit<Enclosure, 'dataBytes'>;

interface Tried {
  readonly probe: ProbeResult;
  /** Why it does not stand, or null. */
  readonly fault: string | null;
}

function tryEnclosure(inner: Inner, { native }: WallPlaces): Tried {
  const enclosure = { ...inner, dataBytes: COMMON_BYTES };
  const probe = join(native, 'probe');
  const result = runProbe((folder) => {
    const files = { ...inner.files, programs: [...inner.files.programs, probe] };
    return enclose({ file: probe, args: [folder, String(process.pid)] }, { ...enclosure, files });
  });
  if (result.fault !== null) return { probe: result, fault: result.fault };
  if (result.succeeded.length > 0) {
    return {
      probe: result,
      fault: `behind it a program could still do this: ${result.succeeded.join(', ')}`,
    };
  }
  if (inner.bubblewrap !== null && result.attempts.get('read-file') !== ENOENT) {
    return { probe: result, fault: 'behind bubblewrap files of this machine are still there' };
  }
  return { probe: result, fault: whyNodeFails(enclosure) };
}

/** Node finds its libraries behind the wall, or there would be no host. */
function whyNodeFails(enclosure: Enclosure): string | null {
  const { file, args } = enclose({ file: realpathSync(process.execPath), args: ['--version'] }, enclosure);
  const { stdout, stderr, error } = spawnSync(file, args, {
    env: {},
    cwd: '/',
    encoding: 'utf8',
    timeout: NODE_TIMEOUT_MS,
  });
  if (stdout?.trim() === process.version) return null;
  return `Node does not start behind it: ${error?.message ?? stderr.trim()}`;
}

function wallOf(inner: Inner, { attempts }: ProbeResult, whyNoBubblewrap: string | null): SecondWall {
  const files = FILE_ATTEMPTS.filter((name) => attempts.has(name)).length;
  const refused = (count: number) => `tried: ${count} of ${count} attempts were refused`;
  return {
    parts: [
      { name: 'kernel: seccomp', stands: true, detail: refused(attempts.size - files) },
      { name: 'kernel: landlock', stands: true, detail: refused(files) },
      {
        name: 'kernel: namespaces (bubblewrap)',
        stands: whyNoBubblewrap === null,
        detail: whyNoBubblewrap ?? 'tried: files and processes of this machine are not there',
      },
    ],
    enclose: (command, size) => enclose(hardened(command), { ...inner, dataBytes: dataBytesOf(size) }),
    missing: '',
  };
}

/** Node ends when it may not read the configuration of OpenSSL, and a host needs none. */
function hardened({ file, args }: HostCommand): HostCommand {
  return { file: realpathSync(file), args: ['--openssl-config=/dev/null', ...args] };
}

function noWall(missing: string): SecondWall {
  const names = ['kernel: seccomp', 'kernel: landlock', 'kernel: namespaces (bubblewrap)'];
  return { parts: names.map((name) => ({ name, stands: false, detail: missing })), enclose: null, missing };
}

function findOnPath(name: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'));
  const isProgram = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}
