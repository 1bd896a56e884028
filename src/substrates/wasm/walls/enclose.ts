import { MEMORY_MAX_BYTES } from '../executor/sizes.js';
import type { HostCommand } from '../host-process.js';
import type { Architecture } from './allowed-calls.js';
import { encodeProgram } from './bpf.js';
import type { HostFiles } from './host-files.js';
import { seccompFilter } from './seccomp-filter.js';

export interface Enclosure {
  /** The compiled launcher. */
  readonly launcher: string;
  readonly architecture: Architecture;
  readonly files: HostFiles;
  /** The program `bwrap`, to have namespaces around it all; null: without. */
  readonly bubblewrap: string | null;
  /** Private memory that the process may have, bytes. */
  readonly dataBytes: number;
}

/** The command that runs `command` behind the launcher, and behind bubblewrap where there is one. */
export function enclose(command: HostCommand, enclosure: Enclosure): HostCommand {
  const { launcher, files, bubblewrap } = enclosure;
  const launched = [
    encodeProgram(seccompFilter(enclosure.architecture)),
    String(enclosure.dataBytes),
    // Files in memory that hold the image of a guest's memory: no other can be written.
    String(MEMORY_MAX_BYTES),
    '--own-process',
    ...files.programs.flatMap((path) => ['--run', path]),
    ...[...files.files, '/dev/null'].flatMap((path) => ['--file', path]),
    ...files.folders.flatMap(({ path }) => ['--folder', path]),
    '--',
    command.file,
    ...command.args,
  ];
  if (bubblewrap === null) return { file: launcher, args: launched };
  return { file: bubblewrap, args: [...bubblewrapArguments(enclosure), '--', launcher, ...launched] };
}

/** New namespaces of every kind, and a file system with nothing in it but what the host may read. */
function bubblewrapArguments({ launcher, files }: Enclosure): string[] {
  const same = [launcher, ...files.programs, ...files.files].map((path) => ({ path, real: path }));
  return [
    ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL', '--hostname', 'world'],
    ...['--proc', '/proc', '--dev-bind', '/dev/null', '/dev/null'],
    ...[...files.folders, ...same].flatMap(({ path, real }) => ['--ro-bind', real, path]),
    ...['--remount-ro', '/', '--chdir', '/'],
  ];
}
