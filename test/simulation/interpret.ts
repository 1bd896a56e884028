import { strict as assert } from 'node:assert';
/** What an execution should answer, by a second reading of the programs that the simulation writes. */
export interface Expected {
  readonly answer: { ok: boolean; changed: boolean; value: string | null; effects: object[] };
  readonly x: bigint | null;
}

class Raised extends Error {}

/** @param gold what the guest was told it has. */
export function interpret(code: string, before: bigint | null, gold: bigint): Expected {
  const lines = code.split('\n').filter((line) => !line.startsWith('#'));
  const effects: object[] = [];
  let x = before;
  let value: string | null = null;
  let left = gold;
  const answer = (ok: boolean, changed = true): Expected => ({
    answer: { ok, changed, value: ok ? value : null, effects: ok ? effects : [] },
    x: changed ? x : before,
  });
  if (lines.includes('nonsense')) return answer(false, false);
  try {
    for (const line of lines) value = step(line);
  } catch (thrown) {
    if (!(thrown instanceof Raised)) throw thrown;
    return answer(false);
  }
  return answer(true);

  function step(line: string): string | null {
    const [verb, first = '', second = '', third = ''] = line.split(' ');
    switch (verb) {
      case 'set':
        x = BigInt(second);
        return null;
      case 'add':
        if (x === null) throw new Raised();
        x += BigInt(second);
        return null;
      case 'get':
        if (x === null) throw new Raised();
        return x.toString();
      case 'transfer':
        if (BigInt(third) > left) throw new Raised();
        left -= BigInt(third);
        effects.push({ kind: 'transfer', to: first, token: second, amount: third });
        return null;
      case 'overdraw':
        effects.push({ kind: 'transfer', to: first, token: second, amount: third });
        return null;
      case 'report':
        effects.push({ kind: 'report', cost: second });
        return null;
      case 'print':
        return null;
      case 'fail':
        throw new Raised();
      default:
        assert.fail(`no execution is recorded that comes to ${line}`);
    }
  }
}
