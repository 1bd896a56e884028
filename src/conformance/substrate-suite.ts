import type { Substrate } from '../ports/substrate.js';
import type { CaseContext, TestRunner } from './runner.js';
import { type Bench, createBench, STARTS, type Start } from './substrate/bench.js';
import { COMPARISON_CASES } from './substrate/comparison-cases.js';
import type { Dialect } from './substrate/dialect.js';
import { DURABILITY_CASES } from './substrate/durability-cases.js';
import { EXECUTION_CASES } from './substrate/execution-cases.js';
import { FILE_CASES } from './substrate/file-cases.js';
import { IDENTITY_CASES } from './substrate/identity-cases.js';
import { ISOLATION_CASES } from './substrate/isolation-cases.js';
import { LIMIT_CASES } from './substrate/limit-cases.js';
import { pythonDialect } from './substrate/python-dialect.js';
import { reasonToSkip, type SubstrateCase, speaks } from './substrate/substrate-case.js';
import { STATE_CASES, SURVIVAL_CASES } from './substrate/survival-cases.js';

/** Every promise of the substrate port, as cases. */
export const SUBSTRATE_CASES: readonly SubstrateCase[] = [
  ...STATE_CASES,
  ...SURVIVAL_CASES,
  ...IDENTITY_CASES,
  ...ISOLATION_CASES,
  ...EXECUTION_CASES,
  ...LIMIT_CASES,
  ...DURABILITY_CASES,
  ...FILE_CASES,
  ...COMPARISON_CASES,
];

/**
 * Opens an instance. The suite calls it twice and works with both at once: each call gives another instance
 * on the same page store, as a second process would see it. The suite disposes what it was given.
 */
export type MakeSubstrate = () => Promise<Substrate>;

export interface SubstrateSuiteOptions {
  /** Language of the guests. Default: Python. */
  readonly dialect?: Dialect;
  /** Length of the longest line of branches. Default 50; less only where a branch takes seconds. */
  readonly depth?: number;
  /** Bound of an execution that is meant to run out of time, ms. Default 500. */
  readonly timeoutMs?: number;
  /** Bound of one test, ms. Default 120,000. */
  readonly testTimeoutMs?: number;
  /** Cases that cannot hold on this substrate, by name, each with its documented reason. */
  readonly except?: Readonly<Record<string, string>>;
}

interface Session {
  first(): Promise<Substrate>;
  second(): Promise<Substrate>;
  nextNumber(): number;
  close(): Promise<void>;
}

/** Both instances are opened when first needed, and shared by all cases: starting one may be slow. */
function openSession(makeSubstrate: MakeSubstrate): Session {
  const opened: (Promise<Substrate> | undefined)[] = [undefined, undefined];
  let drawn = 0;
  function instance(index: 0 | 1): Promise<Substrate> {
    const substrate = opened[index] ?? makeSubstrate();
    opened[index] = substrate;
    return substrate;
  }
  return {
    first: () => instance(0),
    second: () => instance(1),
    nextNumber() {
      drawn += 1;
      return drawn;
    },
    async close() {
      for (const pending of opened) await (await pending)?.[Symbol.asyncDispose]();
    },
  };
}

async function runCase(chosen: SubstrateCase, bench: Bench): Promise<void> {
  try {
    await chosen.run(bench);
  } catch (failure) {
    // The failure is what the reader must see; that cleaning up after it may fail too is no news.
    await bench.close().catch(() => undefined);
    throw failure;
  }
  await bench.close();
}

function assertExceptionsExist(except: Readonly<Record<string, string>>): void {
  const names = new Set(SUBSTRATE_CASES.map((known) => known.name));
  const unknown = Object.keys(except).filter((name) => !names.has(name));
  if (unknown.length > 0) throw new Error(`no such conformance case: ${unknown.join('; ')}`);
}

/**
 * Registers one test for every promise of the substrate port, each for a booted and for a restored machine.
 * Whether a case applies is read from `supports`; one that does not is skipped with its reason; those in
 * another language than the dialect's are skipped as one.
 */
export function substrateSuite(
  runner: TestRunner,
  makeSubstrate: MakeSubstrate,
  options: SubstrateSuiteOptions = {},
): void {
  const {
    dialect = pythonDialect,
    depth = 50,
    timeoutMs = 500,
    testTimeoutMs = 120_000,
    except = {},
  } = options;
  assertExceptionsExist(except);
  const session = openSession(makeSubstrate);

  function register(chosen: SubstrateCase, start: Start): void {
    runner.test(
      `${start}: ${chosen.name}`,
      async (context) => {
        const substrate = await session.first();
        const reason = except[chosen.name] ?? reasonToSkip(chosen.needs, substrate.supports);
        if (reason !== null) {
          skip(context, substrate, reason);
          return;
        }
        const { nextNumber, second: other } = session;
        const { expect } = runner;
        await runCase(
          chosen,
          createBench({ substrate, dialect, expect, start, depth, timeoutMs, other, nextNumber }),
        );
      },
      testTimeoutMs,
    );
  }

  const spoken = SUBSTRATE_CASES.filter((known) => speaks(dialect, known.needs));
  for (const chosen of spoken) {
    for (const start of chosen.starts ?? STARTS) register(chosen, start);
  }
  if (spoken.length < SUBSTRATE_CASES.length) {
    const count = SUBSTRATE_CASES.length - spoken.length;
    runner.test(`${count} cases about Python`, async (context) => {
      skip(context, await session.first(), `these guests speak ${dialect.language}`);
    });
  }
  if (runner.afterAll) runner.afterAll(session.close);
  else runner.test('the substrate closes', session.close, testTimeoutMs);
}

/** A skip is a failure where all cases are known to run: REQUIRE_WASM_CASES=1 says so of the substrate `wasm`. */
function skip(context: CaseContext, { name }: Substrate, reason: string): void {
  const variable = `REQUIRE_${name.toUpperCase()}_CASES`;
  if (process.env[variable] === '1') throw new Error(`${variable}=1, and a case does not run: ${reason}`);
  context.skip(reason);
}
