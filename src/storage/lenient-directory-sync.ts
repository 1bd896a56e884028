import { errnoOf, type FileOps } from './file-ops.js';

/** What file systems answer that know no fsync of a directory (some FUSE, SMB and 9p mounts). */
const UNKNOWN_THERE = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * The same file system, on which a directory that cannot be synced is no failure but told of, once: there is no other way to make a
 * name durable, and such file systems either write names at once or promise nothing. The bytes of a file must be durable all
 * the same: a file that cannot be synced stays an error, because everything acknowledged rests on it.
 */
export function lenientDirectorySync(fileOps: FileOps, note: (text: string) => void): FileOps {
  let told = false;
  return {
    open: (path, access) => fileOps.open(path, access),
    rename: (from, to) => fileOps.rename(from, to),
    remove: (path) => fileOps.remove(path),
    list: (directory) => fileOps.list(directory),
    makeDirectory: (path) => fileOps.makeDirectory(path),
    exists: (path) => fileOps.exists(path),
    async syncDirectory(path) {
      try {
        await fileOps.syncDirectory(path);
      } catch (thrown) {
        if (!UNKNOWN_THERE.has(errnoOf(thrown) ?? '')) throw thrown;
        if (!told) note(text(path));
        told = true;
      }
    },
  };
}

function text(path: string): string {
  return (
    `the file system of ${path} cannot make file names durable (fsync of a directory): what is written survives the end of the ` +
    'process, but a file that was just begun may be missing after power loss. A local disk is safer'
  );
}
