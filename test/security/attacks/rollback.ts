import { type Attack, several } from './attack.js';
import { MEMORY } from './bytecode.js';

const GROUP = 'state across rollback and worlds';
const ASK = `import os
fd = os.open('/dev/world', os.O_RDWR)
body = b'{"op": "KEEPSAKE"}'
os.write(fd, len(body).to_bytes(4, 'little') + body)
`;
const READ = "import os\nfd = os.open('/dev/world', os.O_RDWR)\nos.read(fd, 1000)";

/** Every 64 KiB of all that another world once made the executor's memory be: live, dead, or nobody's. */
const GROWN = 'b = bytearray(48 << 20)';
const EVERYWHERE = `${MEMORY}m = window()
places = range(1 << 20, 60 << 20, 1 << 16)
mark = bytes(c ^ 85 for c in b'keepsake')
`;
const MARK_ZEROS = `${EVERYWHERE}for at in places:
    if not any(m[at:at + 4096]): m[at:at + 8] = mark
`;
const COUNT_MARKS = `${EVERYWHERE}sum(1 for at in places if m[at:at + 8] == mark)`;

const across = (
  name: string,
  plant: string,
  plantExpects: string,
  look: string,
  value: string,
  timeoutMs = 150,
): Attack[] =>
  (['self', 'child'] as const).map((where) =>
    several(
      GROUP,
      `${name}, looked for in ${where}`,
      [
        { in: 'self', code: plant, expects: plantExpects },
        { in: where, code: look, expects: 'ok', value },
        { in: 'other', code: look, expects: 'ok', value },
      ],
      { timeoutMs },
    ),
  );

export const ROLLBACK: Attack[] = [
  ...across('an answer left in the device', `${ASK}while True: pass`, 'EXECUTION_TIMEOUT', READ, "b''"),
  ...across(
    'a variable',
    'keepsake = 1\nwhile True: pass',
    'EXECUTION_TIMEOUT',
    "'keepsake' in globals()",
    'False',
  ),
  ...across(
    'a file',
    "open('/tmp/keepsake', 'w').write('x')\nwhile True: pass",
    'EXECUTION_TIMEOUT',
    "import os\nos.path.exists('/tmp/keepsake')",
    'False',
  ),
  ...across(
    'an open descriptor',
    'import os\nos.dup2(1, 77)\nwhile True: pass',
    'EXECUTION_TIMEOUT',
    'import os\ntry:\n    os.fstat(77)\n    r = 1\nexcept OSError:\n    r = 0\nr',
    '0',
  ),
  ...across(
    'the working directory',
    "import os\nos.mkdir('/tmp/k')\nos.chdir('/tmp/k')\nwhile True: pass",
    'EXECUTION_TIMEOUT',
    'import os\nos.getcwd()',
    "'/home/world'",
  ),
  ...across(
    'the umask',
    'import os\nos.umask(0o123)\nwhile True: pass',
    'EXECUTION_TIMEOUT',
    'import os\noct(os.umask(0o22))',
    "'0o22'",
  ),
  ...across(
    'a module',
    'import decimal\ndecimal.keepsake = 1\nwhile True: pass',
    'EXECUTION_TIMEOUT',
    "import decimal\nhasattr(decimal, 'keepsake')",
    'False',
  ),
  ...across(
    'a pipe',
    "import os\nr, w = os.pipe()\nos.write(w, b'keepsake')\nwhile True: pass",
    'EXECUTION_TIMEOUT',
    "import os\nr, w = os.pipe()\nos.write(w, b'x')\nos.read(r, 100)",
    "b'x'",
  ),
  ...across(
    'memory of an engine fault',
    "import os\nkeepsake = ['k' * 1000] * 1000\nos.abort()",
    'ENGINE_FAULT',
    "'keepsake' in globals()",
    'False',
  ),
  ...across(
    'a signal handler',
    'import signal\nsignal.signal(signal.SIGINT, lambda *a: None)\nwhile True: pass',
    'EXECUTION_TIMEOUT',
    'import signal\nsignal.getsignal(signal.SIGINT) is signal.default_int_handler',
    'True',
  ),
  ...across(
    'an environment variable',
    "import os\nos.environ['KEEPSAKE'] = '1'\nwhile True: pass",
    'EXECUTION_TIMEOUT',
    "import os\n'KEEPSAKE' in os.environ",
    'False',
  ),
  several(GROUP, 'an answer left in the device by one that committed', [
    { in: 'self', code: ASK, expects: 'ok' },
    { in: 'other', code: READ, expects: 'ok', value: "b''" },
    { in: 'other', code: READ, expects: 'ok', value: "b''" },
    { in: 'self', code: 'os.read(fd, 1000)', expects: 'ok', value: "b''" },
  ]),
  several(
    GROUP,
    'a file changed in place',
    [
      { in: 'self', code: "open('kept.txt', 'w').write('as it was')", expects: 'ok' },
      {
        in: 'self',
        code: "f = open('kept.txt', 'r+')\nf.write('keepsake')\nf.truncate(3)\nf.close()\nwhile True: pass",
        expects: 'EXECUTION_TIMEOUT',
      },
      { in: 'self', code: "open('kept.txt').read()", expects: 'ok', value: "'as it was'" },
      { in: 'child', code: "open('kept.txt').read()", expects: 'ok', value: "'as it was'" },
      { in: 'other', code: "open('kept.txt').read()", expects: 'FileNotFoundError' },
    ],
    { timeoutMs: 300 },
  ),
  several(GROUP, 'a file kept through a rewind', [
    { in: 'self', code: "open('/tmp/r', 'w').write('x')", expects: 'ok' },
    { in: 'back', code: "import os\nos.path.exists('/tmp/r')", expects: 'ok', value: 'False' },
  ]),
  several(GROUP, 'a variable kept through a rewind', [
    { in: 'self', code: 'k = 1', expects: 'ok' },
    { in: 'back', code: "'k' in globals()", expects: 'ok', value: 'False' },
  ]),
  several(
    GROUP,
    'bytes where no state reaches, looked for by another world',
    [
      { in: 'other', code: GROWN, expects: 'ok' },
      { in: 'self', code: MARK_ZEROS, expects: 'ok|ENGINE_FAULT' },
      { in: 'other', code: COUNT_MARKS, expects: 'ok|ENGINE_FAULT', value: '0' },
      { in: 'other', code: COUNT_MARKS, expects: 'ok|ENGINE_FAULT', value: '0' },
    ],
    { breaksItself: true },
  ),
  several(
    GROUP,
    'bytes where no state reaches, looked for after going back',
    [
      { in: 'other', code: GROWN, expects: 'ok' },
      { in: 'self', code: `${MARK_ZEROS}while True: pass`, expects: 'EXECUTION_TIMEOUT|ENGINE_FAULT' },
      { in: 'self', code: COUNT_MARKS, expects: 'ok|ENGINE_FAULT', value: '0' },
      { in: 'other', code: COUNT_MARKS, expects: 'ok|ENGINE_FAULT', value: '0' },
    ],
    { timeoutMs: 400, breaksItself: true },
  ),
];
