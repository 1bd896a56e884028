import type { Dialect } from './dialect.js';

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

const WORLD_RANDOM = 'import world\nworld.random.u64()';

/** Python 3, with the guest's `world` module. */
export const pythonDialect: Dialect = {
  language: 'python',
  set: (name, value) => `${name} = ${value}`,
  get: (name) => name,
  print: (text) => `print(${quote(text)})`,
  printError: (text) => `import sys\nprint(${quote(text)}, file=sys.stderr)`,
  flood: (text, times) => `for _ in range(${times}):\n    print(${quote(text)})`,
  writeFile: (path, text) => `with open(${quote(path)}, 'w') as file:\n    _ = file.write(${quote(text)})`,
  readFile: (path) => `open(${quote(path)}).read()`,
  systemDirectory: '/lib',
  literal: quote,
  fail: (message) => `raise ValueError(${quote(message)})`,
  syntaxError: 'this does not compile',
  hang: 'while True:\n    pass',
  report: (cost, value) => `import world\nworld.report(cost=${quote(cost)}, value=${quote(value)})`,
  transfer: (to, token, amount) =>
    `import world\nworld.transfer(${quote(to)}, ${quote(token)}, ${quote(amount)})`,
  balance: (token) => `import world\nint(world.balance(${quote(token)}))`,
  now: 'import time\ntime.time_ns()',
  sleep: (ms) => `import time\ntime.sleep(${ms / 1000})`,
  whoAmI: [
    'import world',
    'print(world.id)',
    'print(world.verse)',
    'print(int(world.trit))',
    'print(float(world.probability))',
    'print(int(world.seed))',
  ].join('\n'),
  countIdentities: (name) =>
    [
      'import world',
      `${name} = 0`,
      'def count_identity(*_):',
      `    global ${name}`,
      `    ${name} += 1`,
      'world.on_branch(count_identity)',
      'None',
    ].join('\n'),
  entropy: {
    'os.urandom': 'import os\nos.urandom(16).hex()',
    'uuid.uuid4': 'import uuid\nuuid.uuid4().hex',
    random: 'import random\nrandom.getrandbits(64)',
    'random.Random()': 'import random\nrandom.Random().getrandbits(64)',
    secrets: 'import secrets\nsecrets.token_hex(16)',
    'world.random': WORLD_RANDOM,
  },
  streams: ['random', 'world.random'],
  worldRandom: WORLD_RANDOM,
  join: (...snippets) => snippets.join('\n'),
};
