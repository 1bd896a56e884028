import type { VerseId } from '../../src/model/ids.js';
import type { OpOf } from '../../src/multiverse/index.js';
import type { Expected, Model } from './multiverse-model.js';

/** A running loan as the model keeps it. */
export interface ModelLoan {
  verse: VerseId;
  readonly lender: string;
  readonly borrower: string;
  readonly token: string;
  owed: bigint;
  readonly collateralToken: string;
  collateral: bigint;
}

const AMOUNT = /^[1-9]\d*$/;

/** Why `amount` of a balance cannot be moved, if so: what loans encumber is added up anew each time. */
export function shortage(
  model: Model,
  { verse, owner, token, amount }: { verse: VerseId; owner: string; token: string; amount: bigint },
): Expected | undefined {
  const held = model.balance(verse, owner, token);
  if (held < amount) return 'INSUFFICIENT_BALANCE';
  let free = held;
  for (const loan of model.loans.values()) {
    if (loan.verse === verse && loan.borrower === owner && loan.collateralToken === token)
      free -= loan.collateral;
  }
  return free < amount ? 'BALANCE_ENCUMBERED' : undefined;
}

export function stepBorrow(model: Model, op: OpOf<'borrow'>): Expected {
  const amounts = [op.amount, op.owed ?? op.amount, op.collateral];
  if (amounts.some((text) => !AMOUNT.test(text))) return 'BAD_AMOUNT';
  if (op.by !== '@system' && (op.by !== op.lender || op.by !== op.borrower)) return 'FORBIDDEN';
  if (!model.verses.has(op.verse)) return 'VERSE_NOT_FOUND';
  if (op.lender === op.borrower) return 'BAD_INPUT';
  if (model.loans.has(op.loan)) return 'NAME_TAKEN';
  if (!model.isLive(op.verse)) return 'VERSE_COLLAPSED';
  const [amount = 0n, owed = 0n, collateral = 0n] = amounts.map(BigInt);
  const { verse, lender, borrower, token, collateralToken } = op;
  const short =
    shortage(model, { verse, owner: lender, token, amount }) ??
    shortage(model, { verse, owner: borrower, token: collateralToken, amount: collateral });
  if (short !== undefined) return short;
  model.add(verse, lender, token, -amount);
  model.add(verse, borrower, token, amount);
  model.loans.set(op.loan, { verse, lender, borrower, token, owed, collateralToken, collateral });
  return 'applied';
}

export function stepRepay(model: Model, op: OpOf<'repay'>): Expected {
  if (!AMOUNT.test(op.amount)) return 'BAD_AMOUNT';
  const loan = model.loans.get(op.loan);
  if (loan === undefined) return 'LOAN_NOT_FOUND';
  const { verse, lender, borrower, token } = loan;
  if (op.by !== borrower && op.by !== '@system') return 'FORBIDDEN';
  const amount = BigInt(op.amount);
  if (amount > loan.owed) return 'BAD_AMOUNT';
  if (!model.isLive(verse)) return 'VERSE_COLLAPSED';
  const short = shortage(model, { verse, owner: borrower, token, amount });
  if (short !== undefined) return short;
  model.add(verse, borrower, token, -amount);
  model.add(verse, lender, token, amount);
  loan.owed -= amount;
  if (loan.owed === 0n) model.loans.delete(op.loan);
  return 'applied';
}

export function stepForeclose(model: Model, op: OpOf<'foreclose'>): Expected {
  const loan = model.loans.get(op.loan);
  if (loan === undefined) return 'LOAN_NOT_FOUND';
  if (op.by !== '@system') return 'FORBIDDEN';
  if (!model.isLive(loan.verse)) return 'VERSE_COLLAPSED';
  model.add(loan.verse, loan.borrower, loan.collateralToken, -loan.collateral);
  model.add(loan.verse, loan.lender, loan.collateralToken, loan.collateral);
  model.loans.delete(op.loan);
  return 'applied';
}

/** b ln n in floating point: amounts here are small and b ln n is no whole number, so this decides. */
export function stepOpenMarket(model: Model, op: OpOf<'openMarket'>): Expected {
  if (!AMOUNT.test(op.liquidity) || !AMOUNT.test(op.subsidy)) return 'BAD_AMOUNT';
  if (op.by !== op.funder && op.by !== '@system') return 'FORBIDDEN';
  const condition = model.conditions.get(op.condition);
  if (condition === undefined) return 'CONDITION_NOT_FOUND';
  if (op.token === 'COMPUTE') return 'TOKEN_UNSPLITTABLE';
  if (model.markets.has(op.condition)) return 'NAME_TAKEN';
  if (condition.status !== 'open') return 'ALREADY_RESOLVED';
  const verse = model.verseOf(condition.opening);
  if (!model.isLive(verse)) return 'VERSE_COLLAPSED';
  if (Number(op.subsidy) < Number(op.liquidity) * Math.log(condition.count)) return 'BAD_AMOUNT';
  const amount = BigInt(op.subsidy);
  const short = shortage(model, { verse, owner: op.funder, token: op.token, amount });
  if (short !== undefined) return short;
  model.add(verse, op.funder, op.token, -amount);
  model.add(verse, `@market:${op.condition}`, op.token, amount);
  model.markets.add(op.condition);
  return 'applied';
}
