/**
 * The little that a suite needs of a test runner. Vitest, Jest and `node:test` with an `expect` fit as they
 * are, so the suites import none of them.
 */

export interface CaseContext {
  /** Marks the running test as skipped, for this reason. May throw to leave the test; need not. */
  skip(reason: string): void;
}

export interface Assertion {
  readonly not: Assertion;
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toContain(expected: unknown): void;
  toMatch(expected: RegExp): void;
  toBeGreaterThanOrEqual(expected: number | bigint): void;
  toBeLessThanOrEqual(expected: number | bigint): void;
}

export type Expect = (actual: unknown, message?: string) => Assertion;

export interface TestRunner {
  readonly test: (name: string, run: (context: CaseContext) => Promise<void>, timeoutMs?: number) => unknown;
  readonly expect: Expect;
  /** Where there is one, the suite closes what it opened there; else in a last test of its own. */
  readonly afterAll?: (run: () => Promise<void>) => unknown;
}
