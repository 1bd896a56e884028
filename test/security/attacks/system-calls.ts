import { single } from './attack.js';

const on = (lines: string) => `import os\nfd = os.open("f", os.O_RDWR | os.O_CREAT)\n${lines}`;
/** Calls with numbers at the edges of what C takes; only OSError, ValueError and OverflowError may come of it. */
const edges = (call: string) =>
  on(`for n in (0, -1, 1, 2**31 - 1, 2**31, 2**53 - 1, 2**62, 2**63 - 1, -2**63):
    try:
        ${call}
    except (OSError, ValueError, OverflowError):
        pass
os.fstat(fd).st_size <= 8 << 20`);
const held = { value: 'True' } as const;

/** What is left of the system calls that a world may make: each with what it was not made for. */
export const SYSTEM_CALLS = single('files', [
  [
    'access to a file of the host',
    'ok',
    'import os\nos.access("{{secretFile}}", os.R_OK)',
    { value: 'False' },
  ],
  ['advice about what is not there', 'ok', edges('os.posix_fadvise(fd, n, n, 3)'), held],
  ['a file cut at the edges', 'ok', edges('os.truncate("f", n)'), held],
  ['reading at the edges', 'ok', edges('os.pread(fd, 9, n)'), held],
  ['writing at the edges', 'ok', edges('os.pwrite(fd, b"x", n)'), held],
  ['times at the edges of numbers', 'ok', edges('os.utime(fd, ns=(0, min(n, 10**18)))'), held],
  ['files synced', 'ok', edges('os.fdatasync(n), os.fsync(n)'), held],
  [
    'the mode of what is open',
    'ok',
    on('os.fchmod(fd, 0o7777)\noct(os.fstat(fd).st_mode)'),
    { value: "'0o107777'" },
  ],
  [
    'the mode of a link',
    'ok',
    'import os\nos.symlink("/dev/world", "l")\ntry:\n    os.lchmod("l", 0o7777)\nexcept (OSError, NotImplementedError, AttributeError):\n    os.chmod("/dev/world", 0)\nos.stat("/dev/world").st_mode & 0o7000 == 0',
    held,
  ],
  [
    'owners',
    'ok',
    on(
      'os.fchown(fd, 0, 0)\nos.chown("/", 1000, 1000)\nos.chown("f", -1, -1)\nos.stat("/").st_uid, os.getuid()',
    ),
    { value: '(0, 0)' },
  ],
  ['the file system below a descriptor', 'ok', on('os.fstatvfs(fd) == os.statvfs("/")'), held],
  [
    'a look beside a descriptor of a folder',
    'FileNotFoundError',
    'import os\nos.stat("..{{secretFile}}", dir_fd=os.open("/", os.O_RDONLY), follow_symlinks=False)',
  ],
  [
    'waiting for what never comes',
    'ok',
    'import os, select\np = select.poll()\nr, w = os.pipe()\np.register(r, select.POLLIN)\np.register(0)\nselect.select([r], [], [], 0)\nlen(p.poll(0)) < 3',
    held,
  ],
  [
    'folders of the system removed',
    'ok',
    'import os\nn = 0\nfor d in ("/", "/proc", "/proc/self/fd", "/dev", ".."):\n    try:\n        os.rmdir(d)\n    except OSError:\n        n += 1\nos.path.isdir("/dev")',
    held,
  ],
  [
    'the host device removed while it is open',
    'ok',
    'import json, os\nfd = os.open("/dev/world", os.O_RDWR)\nos.unlink("/dev/world")\nbody = b\'{"op":"balance","token":"GOLD"}\'\nos.write(fd, len(body).to_bytes(4, "little") + body)\nos.read(fd, 99)[4:]',
    { value: `b'{"ok":"5"}'`, breaksItself: true },
  ],
  [
    'a map that outlives its file',
    'ok',
    'import mmap, os\nfd = os.open("f", os.O_RDWR | os.O_CREAT)\nos.write(fd, bytes(8192))\nm = mmap.mmap(fd, 8192)\nos.ftruncate(fd, 10)\nm[5000:5010] = b"x" * 10\nm.flush()\nos.unlink("f")\nm.close()\nos.fstat(fd).st_size <= 8192',
    held,
  ],
  [
    'calendars at the edges of numbers',
    'ok',
    'import time\nn = 0\nfor t in (0, -1, 2**31, 2**40, -2**40, 2**62, -2**62):\n    for f in (time.gmtime, time.localtime, lambda t: time.mktime((t, 1, 1, 0, 0, 0, 0, 0, 0))):\n        try:\n            f(t)\n        except (OSError, OverflowError, ValueError):\n            n += 1\ntime.timezone, n > 3',
    { value: '(0, True)' },
  ],
  [
    'clocks by every number',
    'ok',
    'import time\nfor n in range(-2, 20):\n    try:\n        time.clock_gettime(n), time.clock_getres(n)\n    except OSError:\n        pass\n1.5e9 < time.time() < 7.3e9',
    held,
  ],
  [
    'the clock of the database',
    'ok',
    'import sqlite3, time\nd = sqlite3.connect(":memory:")\ns = d.execute("select strftime(\'%s\', \'now\')").fetchone()[0]\nabs(int(s) - time.time()) < 2',
    held,
  ],
  ['the masks of modes', 'ok', 'import os\nos.umask(0o177777)\noct(os.umask(0o22))', { value: "'0o777'" }],
  [
    'a pipe read by whoever wrote it',
    'ok',
    'import os\nr, w = os.pipe()\nos.write(w, b"own")\nos.read(r, 99)',
    { value: "b'own'" },
  ],
  [
    'the bounds of memory',
    'ok',
    'import os\nos.sysconf("SC_PHYS_PAGES") > 0 and os.sysconf("SC_NPROCESSORS_ONLN")',
    { value: '1' },
  ],
  [
    'every device',
    'ok',
    'import os\nfor name in ("null", "random", "urandom", "stdin", "stdout", "stderr", "shm"):\n    for how in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):\n        try:\n            fd = os.open("/dev/" + name, how)\n            os.read(fd, 10), os.pread(fd, 10, 2**40), os.write(fd, b"x" * 99), os.ftruncate(fd, 9)\n        except OSError:\n            pass\nsorted(os.listdir("/dev"))',
    {
      value: "['null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'tty', 'tty1', 'urandom', 'world']",
    },
  ],
]);
