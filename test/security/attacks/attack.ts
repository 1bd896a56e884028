/** One step of an attempt: code, and in which world it runs. */
export interface Step {
  /** `self`: the attacker's world. `other`: a world of its own, made for this step. `child`: a fresh branch of it. `back`: `self`, rewound first. */
  readonly in: 'self' | 'other' | 'child' | 'back';
  readonly code: string;
  /** How it must end: `ok`, the name of a Python exception, or an error code. Several are divided by `|`. */
  readonly expects: string;
  /** What its value must be if it ends with `ok`, where that is what shows that the attempt failed. */
  readonly value?: string;
}

/** One attempt to do what a guest must not do. */
export interface Attack {
  readonly group: string;
  readonly name: string;
  readonly steps: readonly Step[];
  /** It destroys its own interpreter, as a guest may: only going back makes the world healthy. */
  readonly breaksItself: boolean;
  /** Effects that it may really have, all together. */
  readonly effects: number;
  /** Ends the run after so long, ms. */
  readonly timeoutMs?: number;
  /** Aborts the run after so long, ms. */
  readonly abortMs?: number;
}

export type Row = readonly [
  name: string,
  expects: string,
  code: string,
  more?: Partial<Attack> & { value?: string },
];

/** Attempts of one step each. */
export function single(group: string, rows: readonly Row[]): Attack[] {
  return rows.map(([name, expects, code, more = {}]) => {
    const { value, ...rest } = more;
    const step: Step = { in: 'self', code, expects, ...(value === undefined ? {} : { value }) };
    return { group, name, steps: [step], breaksItself: false, effects: 0, ...rest };
  });
}

/** An attempt of several steps. */
export function several(
  group: string,
  name: string,
  steps: readonly Step[],
  more: Partial<Attack> = {},
): Attack {
  return { group, name, steps, breaksItself: false, effects: 0, ...more };
}
