import { type Attack, several, single } from './attack.js';

/** What a run of a busy loop looks like by a clock: the same whatever else the machine does. */
const elapsed = (clock: string) => `import time
a = ${clock}
for _ in range(20000): pass
b = ${clock}
(b - a) < 5e-6`;

const CLOCKS = ['time.perf_counter()', 'time.monotonic()', 'time.time()'];

export const INPUTS: Attack[] = [
  ...single(
    'clock and entropy',
    CLOCKS.map((clock) => [`${clock} counts readings, not work`, 'ok', elapsed(clock), { value: 'True' }]),
  ),
  ...single('clock and entropy', [
    [
      'the size of the machine',
      'ok',
      'import os\nos.cpu_count(), os.getpid(), os.uname().nodename',
      { value: "(1, 42, 'emscripten')" },
    ],
    ['load of the machine', 'ok', 'import os\nos.getloadavg()'],
    ['use of resources', 'ModuleNotFoundError', 'import resource\nresource.getrusage(resource.RUSAGE_SELF)'],
    ['the clock set', 'PermissionError', 'import time\ntime.clock_settime(time.CLOCK_REALTIME, 0)'],
    [
      'the clock turned back',
      'ok',
      'import time\na = time.time()\nfor _ in range(100):\n    b = time.time()\n    assert b > a\n    a = b',
    ],
    ['statistics of the file system', 'ok', 'import os\ns = os.statvfs("/")\ns.f_blocks, s.f_bavail'],
  ]),
  several('clock and entropy', 'siblings draw other entropy', [
    { in: 'self', code: 'import os', expects: 'ok' },
    { in: 'child', code: 'os.urandom(8).hex()', expects: 'ok', value: '{{different}}' },
    { in: 'child', code: 'os.urandom(8).hex()', expects: 'ok', value: '{{different}}' },
  ]),
  several('clock and entropy', 'siblings draw other random numbers', [
    { in: 'self', code: 'import random', expects: 'ok' },
    { in: 'child', code: 'random.random()', expects: 'ok', value: '{{different}}' },
    { in: 'child', code: 'random.random()', expects: 'ok', value: '{{different}}' },
  ]),
  several('clock and entropy', 'a seed of its own is gone in a branch', [
    { in: 'self', code: 'import random, uuid\nrandom.seed(1)', expects: 'ok' },
    { in: 'child', code: 'random.random(), uuid.uuid4().hex', expects: 'ok', value: '{{different}}' },
    { in: 'child', code: 'random.random(), uuid.uuid4().hex', expects: 'ok', value: '{{different}}' },
  ]),
];

/** A sibling works hard meanwhile: nothing that the guest can measure tells. */
export const TIMING: Attack[] = CLOCKS.map((clock) =>
  several('timing of siblings', clock, [
    { in: 'self', code: elapsed(clock), expects: 'ok', value: 'True' },
    { in: 'other', code: elapsed(clock), expects: 'ok', value: 'True' },
    { in: 'child', code: elapsed(clock), expects: 'ok', value: 'True' },
  ]),
);
