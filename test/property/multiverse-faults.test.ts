import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isErrorCode, WorldError } from '../../src/model/world-error.js';
import {
  Ledger,
  type LedgerOp,
  type LedgerSnapshot,
  type OpOf,
  type OpOutcome,
} from '../../src/multiverse/index.js';
import { emptyTally, type LedgerUnderTest, playAndCheck, randomCommands } from './multiverse-check.js';

const SEED = Number(process.env['PROPERTY_SEED'] ?? '20250501');

/** What a broken ledger makes of an operation: the ledger afterwards, and possibly an error. */
interface Broken {
  readonly ledger: Ledger;
  readonly error?: unknown;
  /** True when absent. */
  readonly applied?: boolean;
}
type Fault = (ledger: Ledger, op: LedgerOp) => Broken;

/** A ledger with a planted fault, made from the real one by editing its snapshots: the product has no hooks. */
class FaultyLedger implements LedgerUnderTest {
  #inner = new Ledger();
  readonly #fault: Fault;

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  applyAll(ops: readonly LedgerOp[]): OpOutcome[] {
    const before = this.#inner;
    const outcomes: OpOutcome[] = [];
    for (const op of ops) {
      const { ledger, error, applied = true } = this.#fault(this.#inner, op);
      this.#inner = ledger;
      if (error !== undefined) {
        // Batches are sound here, whatever the fault of single operations.
        if (ops.length > 1) this.#inner = before;
        throw error;
      }
      outcomes.push({ applied });
    }
    return outcomes;
  }

  balances(...args: Parameters<Ledger['balances']>) {
    return this.#inner.balances(...args);
  }
  wealth(...args: Parameters<Ledger['wealth']>) {
    return this.#inner.wealth(...args);
  }
  escrow(token: string) {
    return this.#inner.escrow(token);
  }
  snapshot() {
    return this.#inner.snapshot();
  }
  digest() {
    return this.#inner.digest();
  }
  verse(...args: Parameters<Ledger['verse']>) {
    return this.#inner.verse(...args);
  }
  meanWealth(token: string) {
    return this.#inner.meanWealth(token);
  }
  tokens() {
    return this.#inner.tokens();
  }
  loans() {
    return this.#inner.loans();
  }
}

/** The real ledger's answer, without touching the one given. */
function sound(ledger: Ledger, op: LedgerOp): Broken {
  const next = Ledger.restore(ledger.snapshot());
  try {
    return { ledger: next, ...next.apply(op) };
  } catch (error) {
    return { ledger, error };
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof WorldError && isErrorCode(error.code) ? error.code : undefined;
}

function edited(ledger: Ledger, edit: (snapshot: LedgerSnapshot) => void): Ledger {
  const snapshot = ledger.snapshot();
  edit(snapshot);
  return Ledger.restore(snapshot);
}

type Purse = Pick<OpOf<'deposit'>, 'verse' | 'token' | 'owner'>;

function changed(ledger: Ledger, changes: readonly (readonly [Purse, bigint])[]): Ledger {
  return edited(ledger, (snapshot) => {
    for (const [{ verse, token, owner }, change] of changes) {
      const amount = ledger.balance(verse, owner, token) + change;
      snapshot.balances = snapshot.balances.filter(([v, t, o]) => v !== verse || t !== token || o !== owner);
      if (amount > 0n) snapshot.balances.push([verse, token, owner, `${amount}`]);
    }
  });
}

const partitionMoves = (op: OpOf<'split' | 'merge'>, children = op.children) => {
  const sign = op.kind === 'split' ? 1n : -1n;
  const x = BigInt(op.amount);
  return [[op, -sign * x] as const, ...children.map((verse) => [{ ...op, verse }, sign * x] as const)];
};

const FAULTS = {
  'a split gives x / n to each of n children': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'split' || result.applied !== true) return result;
    const x = BigInt(op.amount);
    const short = x / BigInt(op.children.length) - x;
    return {
      ledger: changed(
        result.ledger,
        op.children.map((verse) => [{ ...op, verse }, short] as const),
      ),
    };
  },
  'a merge takes only from the first child': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'merge' || result.applied !== true) return result;
    const rest = op.children.slice(1).map((verse) => [{ ...op, verse }, BigInt(op.amount)] as const);
    return { ledger: changed(result.ledger, rest) };
  },
  'a split need not be exhaustive': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'split' || codeOf(result.error) !== 'NOT_EXHAUSTIVE') return result;
    return { ledger: changed(ledger, partitionMoves(op)) };
  },
  'children may be named twice': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'split' || codeOf(result.error) !== 'OVERLAP') return result;
    const children = op.children.filter((verse, index) => op.children.indexOf(verse) === index);
    return sound(ledger, { ...op, children });
  },
  'a refused merge has already taken from the first child': (ledger, op) => {
    const result = sound(ledger, op);
    const verse = op.kind === 'merge' ? op.children[0] : undefined;
    if (op.kind !== 'merge' || verse === undefined || codeOf(result.error) !== 'INSUFFICIENT_BALANCE')
      return result;
    const held = ledger.balance(verse, op.owner, op.token);
    return { ledger: changed(ledger, [[{ ...op, verse }, -held]]), error: result.error };
  },
  'idempotency keys are ignored': (ledger, op) => {
    const { idempotencyKey: _ignored, ...rest } = op;
    return sound(ledger, rest as LedgerOp);
  },
  'void loses the remainder': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'void' || result.applied !== true) return result;
    const without = (snapshot: LedgerSnapshot) => {
      snapshot.balances = snapshot.balances.filter(([, , owner]) => owner !== '@dust');
    };
    return { ledger: edited(result.ledger, without) };
  },
  'a resolution can be replaced': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'resolve' || codeOf(result.error) !== 'ALREADY_RESOLVED') return result;
    const replace = (snapshot: LedgerSnapshot) => {
      for (const condition of snapshot.conditions) {
        if (condition.id !== op.condition) continue;
        condition.status = { kind: 'resolved', outcomes: op.outcomes, source: op.source, evidence: {} };
      }
    };
    return { ledger: edited(ledger, replace) };
  },
  'balances move in collapsed verses': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'transfer' || codeOf(result.error) !== 'VERSE_COLLAPSED') return result;
    const paid = changed(ledger, [[{ ...op, owner: op.from }, -BigInt(op.amount)]]);
    return { ledger: changed(paid, [[{ ...op, owner: op.to }, BigInt(op.amount)]]) };
  },
  'anyone may act for anyone': (ledger, op) => {
    const result = sound(ledger, op);
    return codeOf(result.error) === 'FORBIDDEN' ? sound(ledger, { ...op, by: '@system' }) : result;
  },
  'a winner cannot merge once the question is settled': (ledger, op) => {
    if (op.kind !== 'merge' || op.children.length !== 1) return sound(ledger, op);
    const result = sound(ledger, op);
    return result.error === undefined
      ? { ledger, error: new WorldError('ALREADY_RESOLVED', 'the question is settled') }
      : result;
  },
  'a resolved question can still be split by': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'split' || op.children[0] === op.verse) return result;
    if (codeOf(result.error) !== 'TRIVIAL_PARTITION') return result;
    const amount = BigInt(op.amount);
    if (ledger.available(op.verse, op.owner, op.token) < amount) return result;
    return { ledger: changed(ledger, partitionMoves(op)) };
  },
  'a deposit is not put under escrow': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'deposit' || result.applied !== true) return result;
    const forget = (snapshot: LedgerSnapshot) => {
      snapshot.escrow = ledger.snapshot().escrow;
    };
    return { ledger: edited(result.ledger, forget) };
  },
  'collateral can be moved': (ledger, op) => {
    const result = sound(ledger, op);
    if (codeOf(result.error) !== 'BALANCE_ENCUMBERED') return result;
    const { loans } = ledger.snapshot();
    const free = edited(ledger, (snapshot) => {
      snapshot.loans = [];
    });
    const moved = sound(free, op).ledger;
    return {
      ledger: edited(moved, (snapshot) => {
        snapshot.loans = loans;
      }),
    };
  },
  'the last payment does not free the collateral': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'repay' || result.applied !== true) return result;
    const loan = ledger.snapshot().loans.find(({ id }) => id === op.loan);
    if (loan === undefined || loan.owed !== op.amount) return result;
    return { ledger: edited(result.ledger, ({ loans }) => loans.push({ ...loan, owed: '1' })) };
  },
  'a loan of a voided verse is forgotten': (ledger, op) => {
    const result = sound(ledger, op);
    if ((op.kind !== 'void' && op.kind !== 'redeem') || result.applied !== true) return result;
    const forget = (snapshot: LedgerSnapshot) => {
      const before = ledger.snapshot().loans;
      snapshot.loans = snapshot.loans.filter((loan) => before.some((one) => one.verse === loan.verse));
    };
    return { ledger: edited(result.ledger, forget) };
  },
  'redeem pays by probability': (ledger, op) => {
    if (op.kind !== 'redeem') return sound(ledger, op);
    const result = sound(ledger, op);
    if (result.applied !== true) return result;
    const { payouts: _payouts, source: _source, ...rest } = op;
    const paid = sound(ledger, { ...rest, kind: 'void' }).ledger;
    const { conditions } = result.ledger.snapshot();
    // Nobody but the dust account may see the difference; then it is none.
    const owned = (one: Ledger) =>
      JSON.stringify(one.snapshot().balances.filter(([, , who]) => who !== '@dust'));
    if (owned(paid) === owned(result.ledger)) return result;
    return {
      ledger: edited(paid, (snapshot) => {
        snapshot.conditions = conditions;
      }),
    };
  },
  'a proposal can be made final before its window is over': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'resolve' || codeOf(result.error) !== 'DISPUTE_WINDOW_OPEN') return result;
    return sound(ledger, { ...op, at: 1e9 });
  },
  'a disputed proposal stands': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'dispute' || result.applied !== true) return result;
    const before = ledger.snapshot().conditions.find(({ id }) => id === op.condition);
    const stand = (snapshot: LedgerSnapshot) => {
      for (const condition of snapshot.conditions) {
        if (condition.id === op.condition) condition.proposal = before?.proposal ?? null;
      }
    };
    return { ledger: edited(result.ledger, stand) };
  },
  'compute can be split': (ledger, op) => {
    const result = sound(ledger, op);
    if (op.kind !== 'split' || codeOf(result.error) !== 'TOKEN_UNSPLITTABLE') return result;
    return { ledger: changed(ledger, partitionMoves(op)) };
  },
} satisfies Record<string, Fault>;

/** What the checker has to say: each fault for its own reason. */
const SAYS: Record<keyof typeof FAULTS, RegExp> = {
  'a split gives x / n to each of n children': /usd|eur in vrs_/,
  'a merge takes only from the first child': /usd|eur in vrs_/,
  'a split need not be exhaustive': /must be NOT_EXHAUSTIVE, not/,
  'children may be named twice': /must be OVERLAP, not/,
  'a refused merge has already taken from the first child': /a refused merge changed something/,
  'idempotency keys are ignored': /must be (no-op|IDEMPOTENCY_KEY_REUSED), not|replay gives|known key/,
  'void loses the remainder': /on every atom is the escrow/,
  'a resolution can be replaced': /must be ALREADY_RESOLVED, not/,
  'balances move in collapsed verses': /must be VERSE_COLLAPSED, not/,
  'anyone may act for anyone': /must be FORBIDDEN, not/,
  'a winner cannot merge once the question is settled': /must be \w+, not ALREADY_RESOLVED/,
  'a resolved question can still be split by': /must be TRIVIAL_PARTITION, not applied/,
  'a deposit is not put under escrow': /on every atom is the escrow/,
  'collateral can be moved': /must be BALANCE_ENCUMBERED, not/,
  'the last payment does not free the collateral': /the loans|must be /,
  'a loan of a voided verse is forgotten': /the loans/,
  'redeem pays by probability': /in vrs_|lists every balance|must be /,
  'a proposal can be made final before its window is over': /must be DISPUTE_WINDOW_OPEN, not/,
  'a disputed proposal stands': /must be (NO_PROPOSAL|applied|no-op), not|replay gives/,
  'compute can be split': /must be TOKEN_UNSPLITTABLE, not/,
};

/** Plays the same kind of commands on a ledger with the fault; what the checker said, or undefined. */
function verdict(fault: Fault, numRuns: number): string | undefined {
  const property = fc.property(randomCommands(), (commands) =>
    playAndCheck(commands, new FaultyLedger(fault), emptyTally()),
  );
  const details = fc.check(property, { seed: SEED, numRuns, endOnFailure: true });
  if (!details.failed) return undefined;
  return details.errorInstance instanceof Error
    ? details.errorInstance.message
    : String(details.errorInstance);
}

describe(`the checker of the ledger, on ledgers with a planted fault (PROPERTY_SEED=${SEED})`, () => {
  for (const [name, fault] of Object.entries(FAULTS) as [keyof typeof FAULTS, Fault][]) {
    it(`catches: ${name}`, () => {
      expect(verdict(fault, 100)).toMatch(SAYS[name]);
    });
  }

  it('has nothing to say about the same wrapper without a fault', () => {
    expect(verdict(sound, 8)).toBeUndefined();
  });
});
