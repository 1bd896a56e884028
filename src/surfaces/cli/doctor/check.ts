/** One finding of `wr doctor`. */
export interface Check {
  readonly name: string;
  /** `warn`: works, but not as well as it could. */
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found, and what to do about it. */
  readonly message: string;
}

export function ok(name: string, message: string): Check {
  return { name, status: 'ok', message };
}

export function warn(name: string, message: string): Check {
  return { name, status: 'warn', message };
}

export function fail(name: string, thrown: unknown): Check {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'code' in thrown ? `${String(thrown.code)}: ` : '';
  return { name, status: 'fail', message: `${code}${message}` };
}
