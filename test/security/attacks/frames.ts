import { single } from './attack.js';

/** Sends raw bytes to the host device. */
export const DEVICE = `import os, json
def send(body, size=None):
    fd = os.open('/dev/world', os.O_RDWR)
    try:
        os.write(fd, (len(body) if size is None else size).to_bytes(4, 'little') + body)
        return os.read(fd, 1 << 20)
    finally:
        os.close(fd)
`;
const send = (body: string) => `${DEVICE}send(${body})`;
const harness = (lines: string) => `import sys\nh = sys.modules['_world_harness']\n${lines}`;

export const FRAMES = single('forged frames', [
  ['an empty frame', 'ok', send('b""')],
  ['a length that is too long', 'OSError', send('b"{}", 2**32 - 1')],
  ['a length that is too short', 'OSError', send('b"{}", 1')],
  ['half a length', 'OSError', 'import os\nfd = os.open("/dev/world", os.O_RDWR)\nos.write(fd, b"\\1")'],
  ['a frame beyond the bound', 'OSError', send('b" " * (2 << 20)')],
  ['no JSON', 'ok', send('b"\\xff\\xfe"')],
  ['an array', 'ok', send('b"[]"')],
  ['nesting without end', 'ok', send('b\'{"op":\' + b"[" * 500000 + b"]" * 500000 + b"}"')],
  ['an operation that is no text', 'ok', send('b\'{"op":{"toString":1}}\'')],
  ['a token that is no text', 'ok', send('b\'{"op":"balance","token":{"toString":1}}\'')],
  ['a token called __proto__', 'ok', send('b\'{"op":"balance","token":"__proto__"}\'')],
  ['an operation of the control process', 'ok', send('b\'{"op":"execute","type":"run","run":1}\'')],
  [
    'a message of the host',
    'ok',
    send('b\'{"op":"report","type":"ran","outcome":{"kind":"done"},"cost":"1"}\''),
    { effects: 1 },
  ],
  ['__proto__ in a request', 'ok', send('b\'{"__proto__":{"op":"report","cost":"1"}}\'')],
  [
    'noise, twenty thousand frames',
    'ok',
    `${DEVICE}import random
r = random.Random(3)
for _ in range(20000):
    b = r.randbytes(r.randrange(40))
    try:
        send(b, len(b) if r.random() < .8 else r.randrange(2**32))
    except OSError:
        pass`,
  ],
  [
    'an answer that nobody asked for',
    'ok',
    'import os\nfd = os.open("/dev/world", os.O_RDWR)\nos.read(fd, 1000)',
    { value: "b''" },
  ],
  [
    'the frames of the host on descriptor 3',
    'OSError',
    'import os\nbody = b\'{"type":"fatal","message":"x","image":false}\'\nos.write(3, len(body).to_bytes(4, "little") * 2 + body)',
  ],
  [
    'json replaced',
    'ok',
    'import json\njson.dumps = lambda *a, **k: "E"\njson.loads = lambda *a, **k: {"ok": "10" * 9}',
  ],
  [
    'harness: a result of its own',
    'ok',
    harness('def forged(source): return "V{{marker}}"\nh.run_statements.__code__ = forged.__code__'),
    { breaksItself: true },
  ],
  [
    'harness: an error that is no JSON',
    'ok',
    harness(
      'def forged(source): return "E{"\nh.run_statements.__code__ = h.run_split.__code__ = forged.__code__',
    ),
    { breaksItself: true },
  ],
  [
    'harness: an error of numbers',
    'ok',
    harness(
      'def forged(source): return "E[1,2,3]"\nh.run_statements.__code__ = h.run_split.__code__ = forged.__code__',
    ),
    { breaksItself: true },
  ],
  [
    'harness: an error of null',
    'ok',
    harness(
      'def forged(source): return "Enull"\nh.run_statements.__code__ = h.run_split.__code__ = forged.__code__',
    ),
    { breaksItself: true },
  ],
  [
    'harness: an answer of 60 MB',
    'ok',
    harness(
      'def forged(source): return "V" + "x" * 60_000_000\nh.run_statements.__code__ = h.run_split.__code__ = forged.__code__',
    ),
    { breaksItself: true },
  ],
  [
    'harness: an answer that is no text',
    'ok',
    harness(
      'def forged(source): return 7\nh.run_statements.__code__ = h.run_split.__code__ = forged.__code__',
    ),
    { breaksItself: true },
  ],
  [
    'harness: an answer that raises',
    'ok',
    harness(
      'def forged(source): raise MemoryError\nh.run_statements.__code__ = h.run_split.__code__ = forged.__code__',
    ),
    { breaksItself: true },
  ],
  ['harness: install again', 'ok', harness('h.install()'), { breaksItself: true }],
  ['harness: tidy and settle', 'NameError', harness('h.tidy(None)\nh.settle(None)'), { breaksItself: true }],
  [
    'harness: an identity of its own',
    'ok',
    harness(
      'h.stage_identity("\\0".join(["{{sibling}}", "nash", "0", "1", "7", "0"]))\nh._become()\nimport world\nworld.id',
    ),
    { value: "'{{sibling}}'" },
  ],
  ['sys.stdout replaced', 'ok', 'import sys\nsys.stdout = sys.stderr = None'],
  [
    'sys.stdout that raises',
    'ok',
    'import sys\nclass S:\n    def write(self, *a): 1 / 0\n    flush = write\nsys.stdout = sys.__stdout__ = S()',
    { breaksItself: true },
  ],
  ['harness stream closed', 'ok', harness('h._stdout.detach()'), { breaksItself: true }],
  ['a value whose repr lies', 'ok', 'class R:\n    def __repr__(self): return "V42\\0E[]"\nR()'],
  ['a value with lone surrogates', 'ok', '"\\ud800" * 1000'],
  ['a value of 20 MB', 'ok', '"x" * 20_000_000'],
  [
    'an exception whose texts raise',
    'X',
    'class X(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\nraise X',
  ],
  ['an exception with the name of another', 'E","x', 'raise type("E\\",\\"x", (Exception,), {})("]")'],
]);
