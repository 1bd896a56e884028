import type { GuestInputs } from './guest-inputs.js';
import type { GuestOutput } from './guest-output.js';
import { type HostChannel, REQUEST_BYTES_MAX } from './host-channel.js';
import type { Fs, FsStream, FsStreamOps } from './pyodide-internals.js';

/** Emscripten's numbers. */
const ERRNO = { ESPIPE: 70, EMSGSIZE: 35, EINVAL: 28, ENXIO: 60 } as const;
/** Major number of our devices; Emscripten uses those below 70. */
const MAJOR = 200;
/** Of `/dev/tty` and `/dev/tty1`. */
const TERMINAL_MAJORS = [5, 6] as const;

export interface DeviceTargets {
  readonly inputs: GuestInputs;
  readonly channel: HostChannel;
  /** The output of the execution that runs now, if one does. */
  readonly output: () => GuestOutput | null;
}

/** Replaces the engine's character devices by ours. Same numbers in every executor: they are part of a state. */
export function installDevices(fs: Fs, targets: DeviceTargets): void {
  const seek = () => {
    throw new fs.ErrnoError(ERRNO.ESPIPE);
  };
  const device = (minor: number, ops: FsStreamOps): number => {
    const number = fs.makedev(MAJOR, minor);
    fs.registerDevice(number, { open: setUnseekable, llseek: seek, ...ops });
    return number;
  };
  const entropy: FsStreamOps = {
    read: (_stream, buffer, offset, length) => {
      targets.inputs.fill(bytesOf(buffer, offset, length));
      return length;
    },
    write: (_stream, _buffer, _offset, length) => length,
  };
  const sink = (name: 'stdout' | 'stderr'): FsStreamOps => ({
    write: (_stream, buffer, offset, length) => {
      targets.output()?.[name].push(bytesOf(buffer, offset, length));
      return length;
    },
    read: () => 0,
  });
  const nodes: readonly (readonly [path: string, mode: number, device: number])[] = [
    ['/dev/random', 0o444, device(1, entropy)],
    ['/dev/urandom', 0o444, device(2, entropy)],
    ['/dev/stdin', 0o444, device(3, { read: () => 0, write: (_s, _b, _o, length) => length })],
    ['/dev/stdout', 0o222, device(4, sink('stdout'))],
    ['/dev/stderr', 0o222, device(5, sink('stderr'))],
    ['/dev/world', 0o666, device(6, channelOps(fs, targets.channel))],
  ];
  // The engine's terminals would pass what is written to the process, and keep half a line of it outside any state.
  const noTerminal = () => {
    throw new fs.ErrnoError(ERRNO.ENXIO);
  };
  // Opening one must not fail: descriptors are opened again with each state.
  const terminal = { open: setUnseekable, llseek: seek, read: noTerminal, write: noTerminal };
  for (const major of TERMINAL_MAJORS) fs.registerDevice(fs.makedev(major, 0), terminal);
  for (let fd = 0; fd < 3; fd++) fs.closeStream(fd);
  for (const [path, mode, number] of nodes) {
    if (path !== '/dev/world') fs.unlink(path);
    fs.mkdev(path, mode, number);
  }
  fs.open('/dev/stdin', 0);
  fs.open('/dev/stdout', 1);
  fs.open('/dev/stderr', 1);
}

/** Request: u32 little-endian length and that much JSON, in one write. The answer, framed alike, is read back. */
function channelOps(fs: Fs, channel: HostChannel): FsStreamOps {
  return {
    write: (_stream, buffer, offset, length) => {
      const bytes = bytesOf(buffer, offset, length);
      if (length > REQUEST_BYTES_MAX) throw new fs.ErrnoError(ERRNO.EMSGSIZE);
      if (length < 4 || bytes.readUInt32LE(0) !== length - 4) throw new fs.ErrnoError(ERRNO.EINVAL);
      const json = Buffer.from(JSON.stringify(channel.answer(parse(bytes.subarray(4)))));
      const size = Buffer.alloc(4);
      size.writeUInt32LE(json.length);
      channel.unread = Buffer.concat([size, json]);
      return length;
    },
    read: (_stream, buffer, offset, length) => {
      const part = channel.unread.subarray(0, length);
      bytesOf(buffer, offset, length).set(part);
      channel.unread = channel.unread.subarray(part.length);
      return part.length;
    },
    close: () => {
      channel.unread = Buffer.alloc(0);
    },
  };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function setUnseekable(stream: FsStream): void {
  stream.seekable = false;
}

/** The engine passes its heap as signed bytes. */
export function bytesOf(buffer: Uint8Array, offset: number, length: number): Buffer {
  return Buffer.from(buffer.buffer, buffer.byteOffset + offset, length);
}
