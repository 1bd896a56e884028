import { type Attack, several } from './attack.js';

const WORK: readonly (readonly [name: string, code: string])[] = [
  ['pure Python', 'while True: n = 1'],
  ['files', 'i = 0\nwhile True:\n    open(f"i{i % 50}", "w").write("x" * 999)\n    i += 1'],
  ['a growing heap', 'l = []\nwhile True:\n    l.append(bytearray(1000))\n    if len(l) > 9999: l.clear()'],
  ['the host device', 'import world\nwhile True: world.balance("GOLD")'],
  ['effects', 'import world\nwhile True:\n    try: world.report(cost=1)\n    except RuntimeError: pass'],
  [
    'imports',
    'import sys, importlib\nwhile True:\n    for m in ("json", "csv", "ast"):\n        sys.modules.pop(m, None)\n        importlib.import_module(m)',
  ],
  ['output', 'while True: print("x" * 50)'],
  ['exceptions that are swallowed', 'while True:\n    try: raise ValueError\n    except BaseException: pass'],
];

/** Aborts that come at a random moment of each kind of work. */
export function interrupts(seed: number, count = 24): Attack[] {
  let state = seed >>> 0;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, (_, index) => {
    const [name, code] = WORK[index % WORK.length] ?? WORK[0]!;
    const abortMs = 5 + Math.floor(next() * 150);
    const steps = [{ in: 'self', code: `touched = 1\n${code}`, expects: 'INTERRUPTED' }] as const;
    const after = { in: 'self', code: '"touched" in globals()', expects: 'ok', value: 'False' } as const;
    return several('interrupts', `${name}, after ${abortMs} ms (#${index})`, [...steps, after], { abortMs });
  });
}
