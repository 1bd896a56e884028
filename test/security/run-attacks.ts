import { AttackArena, type Verdict } from './attack-arena.js';
import type { Attack } from './attacks/attack.js';

interface RunOptions {
  readonly workers?: number;
  readonly parallel?: number;
  readonly signal?: AbortSignal;
}

/** Runs attempts, several at a time; an answer for each, in their order. Fewer once the signal aborts: those that run end. */
export async function runAttacks(
  build: string,
  attacks: readonly Attack[],
  { workers = 2, parallel = 3, signal }: RunOptions = {},
): Promise<Verdict[]> {
  const arena = await AttackArena.open(build, workers);
  const verdicts: Verdict[] = [];
  const queue = attacks.entries();
  const work = async () => {
    for (const [index, attack] of queue) {
      if (signal?.aborted) return;
      verdicts[index] = await arena.attempt(attack);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
  } finally {
    await arena.close();
  }
  return verdicts;
}

export interface GroupResult {
  readonly group: string;
  readonly attempts: number;
  readonly held: number;
  /** How steps ended -> how often. */
  readonly ended: Readonly<Record<string, number>>;
  readonly ms: number;
}

export function byGroup(verdicts: readonly Verdict[]): GroupResult[] {
  const names = [...new Set(verdicts.map(({ attack }) => attack.group))];
  return names.map((group) => {
    const own = verdicts.filter(({ attack }) => attack.group === group);
    const ended: Record<string, number> = {};
    for (const status of own.flatMap((verdict) => verdict.ended)) ended[status] = (ended[status] ?? 0) + 1;
    const held = own.filter(({ breaches }) => breaches.length === 0).length;
    return { group, attempts: own.length, held, ended, ms: own.reduce((sum, { ms }) => sum + ms, 0) };
  });
}
