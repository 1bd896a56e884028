import { type Attack, single } from './attack.js';

/** What calls the host, and an exception that arrives in the middle of it. */
const CALLS: readonly (readonly [name: string, code: string])[] = [
  ['os.open', 'os.open("/dev/world", os.O_RDWR)'],
  ['os.write', 'os.write(1, b"x")'],
  ['os.read', 'os.read(0, 1)'],
  ['os.stat', 'os.stat("/")'],
  ['os.mkdir', 'os.mkdir("m")'],
  ['os.rename', 'os.mkdir("m"), os.rename("m", "n")'],
  ['os.pipe', 'os.pipe()'],
  ['os.urandom', 'os.urandom(8)'],
  ['time.time', '__import__("time").time()'],
  ['time.sleep', '__import__("time").sleep(1)'],
  ['world.report', '__import__("world").report(cost=1)'],
  ['world.balance', '__import__("world").balance("GOLD")'],
];

export const EXCEPTIONS: Attack[] = [
  ...single(
    'exceptions at host calls',
    CALLS.map(([name, code]) => [
      `a trace function that raises at ${name}`,
      'ValueError',
      `import os, sys
def trace(frame, event, arg):
    if event in ('c_call', 'c_return'): raise ValueError
sys.setprofile(trace)
try:
    ${code}
finally:
    sys.setprofile(None)`,
    ]),
  ),
  ...single('exceptions at host calls', [
    [
      'an argument whose conversion raises',
      'ZeroDivisionError',
      'import os\nclass P:\n    def __fspath__(self): 1 / 0\nos.open(P(), 0)',
    ],
    [
      'a buffer that shrinks while it is read into',
      'ok',
      'import os\nb = bytearray(100)\nclass I(int):\n    def __index__(self):\n        b.clear()\n        return 100\nos.readv(0, [b])',
    ],
    ['a buffer resized through a view', 'BufferError', 'b = bytearray(100)\nm = memoryview(b)\nb.clear()'],
    ['bad pointers to a system call', 'OSError', 'import fcntl\nfcntl.ioctl(1, 0x5413, 0x7fffffff)'],
    [
      'ioctl with every number',
      'ok',
      'import fcntl\nfor n in list(range(0x5400, 0x5460)) + [0, 2**31 - 1]:\n    try:\n        fcntl.ioctl(1, n, b"x" * 64)\n    except (OSError, SystemError, ValueError):\n        pass',
    ],
    [
      'fcntl with every number',
      'ok',
      'import fcntl\nfor n in range(64):\n    try:\n        fcntl.fcntl(1, n, 7)\n    except (OSError, SystemError):\n        pass',
      { breaksItself: true },
    ],
    [
      'system calls on closed descriptors',
      'ok',
      'import os\nfor f in (os.fsync, os.fstat, os.fchdir, os.close, lambda n: os.ftruncate(n, 5), lambda n: os.read(n, 5)):\n    for n in (99, -1, 2**31 - 1):\n        try:\n            f(n)\n        except (OSError, ValueError):\n            pass',
    ],
    ['an import that is not on the list', 'ENGINE_FAULT', 'import os\nos.abort()'],
    [
      'the finaliser of what the host holds',
      'ENGINE_FAULT',
      'import gc, os, sys\nclass D:\n    def __del__(self): os.abort()\nD()',
    ],
    ['KeyboardInterrupt of its own', 'KeyboardInterrupt', 'raise KeyboardInterrupt'],
    ['SIGINT to itself', 'KeyboardInterrupt', 'import signal\nsignal.raise_signal(signal.SIGINT)'],
    [
      'an exception in a hook of the next branch',
      'ok',
      'import world\n@world.on_branch\ndef hook(): raise SystemExit',
    ],
    ['gc callbacks that raise', 'ok', 'import gc\ngc.callbacks.append(lambda *a: 1 / 0)\ngc.collect()'],
  ]),
];
