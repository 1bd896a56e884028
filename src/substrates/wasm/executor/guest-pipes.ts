import type { Fs, FsStream, FsStreamOps } from './pyodide-internals.js';

const ERRNO_EAGAIN = 6;
/** What a pipe holds, as on Linux. A full one answers EAGAIN: nobody else could empty it meanwhile. */
export const PIPE_BYTES_MAX = 64 * 1024;
const FIFO_MODE = 0o010_600;
const POLL = { in: 1, out: 4, readNormal: 64, writeNormal: 256 } as const;

/**
 * `pipe(2)` for the guest. Not Emscripten's, whose pipes are numbered across worlds and stay in the table of
 * names. A pipe lives as long as the execution that made it.
 *
 * @returns the descriptors of the reading and of the writing end.
 */
export function openPipe(fs: Fs): readonly [number, number] {
  let chunks: Buffer[] = [];
  let held = 0;
  const ops: FsStreamOps = {
    read: (_stream, buffer, offset, length) => {
      const all = Buffer.concat(chunks);
      if (all.length === 0) {
        if (writers() > 0) throw new fs.ErrnoError(ERRNO_EAGAIN);
        return 0;
      }
      const part = all.subarray(0, length);
      new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).set(part);
      chunks = [all.subarray(part.length)];
      held -= part.length;
      return part.length;
    },
    write: (_stream, buffer, offset, length) => {
      if (length === 0) return 0;
      const taken = Math.min(length, PIPE_BYTES_MAX - held);
      if (taken === 0) throw new fs.ErrnoError(ERRNO_EAGAIN);
      held += taken;
      chunks.push(Buffer.from(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, taken)));
      return taken;
    },
    poll: (stream) => {
      if ((stream.flags & 3) === 1) return POLL.out | POLL.writeNormal;
      return chunks.some((chunk) => chunk.length > 0) ? POLL.in | POLL.readNormal : 0;
    },
    close: () => {},
  };
  const node = new fs.FSNode(null, '', FIFO_MODE, 0);
  node.stream_ops = ops;
  const writers = () => openStreams(fs).filter((s) => s.node === node && (s.flags & 3) === 1).length;
  node.node_ops = {
    getattr: () => ({
      dev: 1,
      ino: node.id,
      mode: FIFO_MODE,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: 0,
      size: 0,
      atime: new Date(Number(node.atime)),
      mtime: new Date(Number(node.mtime)),
      ctime: new Date(Number(node.ctime)),
      blksize: 4096,
      blocks: 0,
    }),
  };
  const end = (flags: number) => {
    const path = `pipe:[${node.id}]`;
    return fs.createStream({ node, path, flags, position: 0, seekable: false, stream_ops: ops }).fd ?? -1;
  };
  return [end(0), end(1)];
}

function openStreams(fs: Fs): FsStream[] {
  return fs.streams.filter((stream) => stream !== null && stream !== undefined);
}
