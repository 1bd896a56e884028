import type { BranchIdentity } from '../../ports/substrate.js';

/**
 * Snippets in a guest's language for everything that a substrate promises whatever it runs. A snippet is the
 * code of one execution; where it says "answers", the result's `value` is that.
 */
export interface Dialect {
  readonly language: 'python' | 'simulated';
  /** Assigns an integer to a variable. */
  set(name: string, value: number): string;
  /** Answers the integer; raises when there is no such variable. */
  get(name: string): string;
  /** Answers nothing. */
  print(text: string): string;
  printError(text: string): string;
  /** Writes `times` lines of `text`. */
  flood(text: string, times: number): string;
  /** Puts text into a file. */
  writeFile(path: string, text: string): string;
  /** Answers the text of a file, as `literal` writes it. */
  readFile(path: string): string;
  /** A directory of the world's system, in which nothing can be edited from outside. */
  readonly systemDirectory: string;
  /** How `value` shows a text. */
  literal(text: string): string;
  /** Raises an ordinary exception. */
  fail(message: string): string;
  /** Does not compile. */
  readonly syntaxError: string;
  /** Runs for ever. */
  readonly hang: string;
  report(cost: string, value: string): string;
  transfer(to: string, token: string, amount: string): string;
  /** Answers the world's balance of a token. */
  balance(token: string): string;
  /** Answers the guest's wall clock, ns since 1970. */
  readonly now: string;
  /** Lets guest time pass. */
  sleep(ms: number): string;
  /** Prints, a line each: world id, verse, trit, probability, seed. */
  readonly whoAmI: string;
  /** Makes every new identity add 1 to a variable. */
  countIdentities(name: string): string;
  /** Sources of randomness by name; each answers a fresh value. All of them are a child's own. */
  readonly entropy: Readonly<Record<string, string>>;
  /** Those among them whose stream lives in the world's memory, so that paired simulations can share it. */
  readonly streams: readonly string[];
  /** Answers the next number of the SplitMix64 stream that starts at the world's seed. */
  readonly worldRandom: string;
  /** Joins snippets into one execution; the last one answers. */
  join(...snippets: readonly string[]): string;
}

/** What `whoAmI` must print for an identity; numbers are compared as numbers. */
export function identityFacts(identity: BranchIdentity): (string | number)[] {
  return [
    identity.worldId,
    identity.verse,
    identity.trit,
    Number(identity.probability),
    identity.seed.toString(),
  ];
}

/** The lines of `whoAmI` in the form of `identityFacts`. */
export function parseIdentityFacts(stdout: string): (string | number)[] {
  const [id = '', verse = '', trit = '', probability = '', seed = ''] = stdout.trim().split('\n');
  return [id, verse, Number(trit), Number(probability), seed];
}
