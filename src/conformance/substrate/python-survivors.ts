/** Something a Python program can hold between two executions. */
export interface Survivor {
  readonly name: string;
  /** Executions that make it. One that must raise says what. */
  readonly setup: readonly (string | { readonly code: string; readonly raises: string })[];
  /** Uses it; answers `expected`. Run once per world, so it may change things. */
  readonly probe: string;
  readonly expected: string;
}

function lines(...text: readonly string[]): string {
  return text.join('\n');
}

const VALUES: readonly Survivor[] = [
  {
    name: 'variables of every built-in type',
    setup: [
      "values = [1, 2.5, 'text', b'bytes', (1,), {'k': [1]}, frozenset({3}), None, True, 1 << 80]",
      'alias = values\nvalues.append(len(values))',
    ],
    probe: 'alias is values, values',
    expected:
      "(True, [1, 2.5, 'text', b'bytes', (1,), {'k': [1]}, frozenset({3}), None, True, 1208925819614629174706176, 10])",
  },
  {
    name: 'functions and their defaults',
    setup: [
      lines('def remember(item, seen=[]):', '    seen.append(item)', '    return seen'),
      "remember('a')",
    ],
    probe: "remember('b')",
    expected: "['a', 'b']",
  },
  {
    name: 'closures',
    setup: [
      lines(
        'def counter():',
        '    count = 0',
        '    def step():',
        '        nonlocal count',
        '        count += 1',
        '        return count',
        '    return step',
        'step = counter()',
        'step(), step()',
      ),
    ],
    probe: 'step()',
    expected: '3',
  },
  {
    name: 'classes and instances',
    setup: [
      lines(
        'class Account:',
        '    made = 0',
        '    def __init__(self, gold):',
        '        self.gold = gold',
        '        type(self).made += 1',
        '    def pay(self, gold):',
        '        self.gold -= gold',
        '        return self',
        'class Rich(Account):',
        '    def pay(self, gold):',
        '        return super().pay(gold * 2)',
        'account = Rich(10)',
      ),
      'account.pay(2)\nNone',
    ],
    probe: 'account.pay(1).gold, Rich.made, [kind.__name__ for kind in type(account).__mro__]',
    expected: "(4, 1, ['Rich', 'Account', 'object'])",
  },
  {
    name: 'half-consumed generators',
    setup: [
      lines(
        'def squares():',
        '    number = 0',
        '    while True:',
        '        number += 1',
        '        yield number * number',
        'generator = squares()',
        'pairs = enumerate(x for x in iter(generator.__next__, 1000))',
        'next(generator), next(pairs)',
      ),
    ],
    probe: 'next(pairs), next(generator)',
    expected: '((1, 9), 16)',
  },
  {
    name: 'lazily imported modules and changes to them',
    setup: [
      'import difflib, colorsys',
      "colorsys.touched = 'yes'",
      lines(
        "with open('mine_module.py', 'w') as file:",
        "    _ = file.write('level = 1\\ndef double():\\n    return level * 2\\n')",
        'import sys, os',
        'sys.path.insert(0, os.getcwd())',
        'import mine_module',
        'mine_module.level = 21',
      ),
    ],
    probe: lines(
      'import textwrap, mine_module as again, colorsys as colours',
      "again.double(), colours.touched, difflib.get_close_matches('wrold', ['world', 'verse'])",
    ),
    expected: "(42, 'yes', ['world'])",
  },
];

const FILES: readonly Survivor[] = [
  {
    name: 'an open file with unflushed text',
    setup: ["log = open('log.txt', 'w')\nlog.write('unflushed')"],
    probe: "log.write(' and more')\nlog.close()\nopen('log.txt').read()",
    expected: "'unflushed and more'",
  },
  {
    name: 'positions of open files, shared ones included',
    setup: [
      lines(
        "with open('letters.txt', 'w') as file:",
        "    _ = file.write('abcdefghij')",
        "text = open('letters.txt')",
        "raw = open('letters.txt', 'rb', buffering=0)",
        'import os',
        'twin = os.dup(raw.fileno())',
        'text.read(3), raw.read(5)',
      ),
    ],
    probe: 'os.read(twin, 2), raw.read(2), text.read(2), text.tell()',
    expected: "(b'fg', b'hi', 'de', 5)",
  },
  {
    name: 'an open file that has no name any more',
    setup: [
      "import os\nghost = open('ghost.txt', 'w+')\nghost.write('boo')\nghost.flush()\nos.remove('ghost.txt')",
    ],
    probe: "ghost.seek(0)\nghost.read(), os.path.exists('ghost.txt')",
    expected: "('boo', False)",
  },
  {
    name: 'the file tree: directories, modes, links, order',
    setup: [
      lines(
        'import os',
        "os.makedirs('tree/b/c')",
        "os.makedirs('tree/a')",
        "with open('tree/a/run.sh', 'w') as file:",
        "    _ = file.write('#!')",
        "os.chmod('tree/a/run.sh', 0o750)",
        "os.symlink('a/run.sh', 'tree/link')",
        "os.utime('tree/a/run.sh', (1000, 2000))",
        "order = os.listdir('tree')",
      ),
    ],
    probe: lines(
      "status = os.stat('tree/link')",
      "oct(status.st_mode & 0o777), int(status.st_mtime), os.readlink('tree/link'), os.listdir('tree') == order",
    ),
    expected: "('0o750', 2000, 'a/run.sh', True)",
  },
  {
    name: 'the working directory',
    setup: ["import os\nos.makedirs('sub/dir')\nos.chdir('sub/dir')\nopen('here.txt', 'w').close()"],
    probe: "os.getcwd().endswith('/sub/dir'), os.listdir('.')",
    expected: "(True, ['here.txt'])",
  },
  {
    name: 'the environment',
    setup: ["import os\nos.environ['TREASURE'] = 'found'"],
    probe: "os.environ['TREASURE'], os.getenv('TREASURE')",
    expected: "('found', 'found')",
  },
];

const BANK = lines(
  'import sqlite3',
  "bank = sqlite3.connect('bank.db')",
  "_ = bank.execute('create table account(owner text, gold integer)')",
  `_ = bank.execute("insert into account values ('ada', 5)")`,
  'bank.commit()',
);
const ACCOUNTS = "bank.execute('select owner, gold from account order by owner').fetchall()";

const DATABASES: readonly Survivor[] = [
  {
    name: 'an open sqlite3 connection to a file',
    setup: [
      BANK,
      "cursor = bank.execute('select gold from account union select 7 order by 1')\ncursor.fetchone()",
    ],
    probe: lines(
      'rest = cursor.fetchall()',
      `_ = bank.execute("insert into account values ('bob', 7)")`,
      'bank.commit()',
      `rest, sqlite3.connect('bank.db').execute('select sum(gold) from account').fetchall()`,
    ),
    expected: '([(7,)], [(12,)])',
  },
  {
    name: 'an open sqlite3 transaction that is committed later',
    setup: [BANK, `_ = bank.execute("insert into account values ('bob', 7)")`],
    probe: lines(
      'inside = bank.in_transaction',
      `_ = bank.execute("insert into account values ('eve', 9)")`,
      'bank.commit()',
      `inside, bank.in_transaction, ${ACCOUNTS}`,
    ),
    expected: "(True, False, [('ada', 5), ('bob', 7), ('eve', 9)])",
  },
  {
    name: 'an open sqlite3 transaction that is rolled back later',
    setup: [BANK, `_ = bank.execute("update account set gold = 0")`],
    probe: `bank.rollback()\n${ACCOUNTS}`,
    expected: "[('ada', 5)]",
  },
];

const EXCEPTIONS: readonly Survivor[] = [
  {
    name: 'a caught exception with its traceback',
    setup: [
      lines(
        'def divide(a, b):',
        '    return a / b',
        'try:',
        '    divide(1, 0)',
        'except ZeroDivisionError as error:',
        '    caught = error',
      ),
    ],
    probe: lines(
      'import traceback',
      'frames = [frame.name for frame in traceback.extract_tb(caught.__traceback__)]',
      'type(caught).__name__, str(caught), frames[-1]',
    ),
    expected: "('ZeroDivisionError', 'division by zero', 'divide')",
  },
  {
    name: 'what ran before an uncaught exception',
    setup: [
      'steps = []',
      { code: "steps.append('before')\n1 / 0\nsteps.append('after')", raises: 'ZeroDivisionError' },
    ],
    probe: "steps + ['later']",
    expected: "['before', 'later']",
  },
];

/** What must survive snapshot, branch, a branch of a branch, and storage. */
export const PYTHON_SURVIVORS: readonly Survivor[] = [...VALUES, ...FILES, ...DATABASES, ...EXCEPTIONS];
