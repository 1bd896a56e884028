import type { Rows } from '../../../model/api.js';
import type { LedgerValueView, LedgerVerifyView } from '../../../model/ledger-api.js';
import { Rational } from '../../../model/rational.js';
import { NOTHING, numberText, shortText, timeText } from './cells.js';
import type { Paint } from './paint.js';
import { table } from './table.js';

/** Width of the longest bar, characters. */
const BAR_WIDTH = 30;

export function ledgerHistoryTable(paint: Paint, rows: Rows): string {
  if (rows.length === 0) return 'no operations\n';
  const columns = [
    { title: 'ENTRY', right: true },
    { title: 'RECORDED (UTC)' },
    { title: 'OPERATION' },
    { title: 'BY' },
    { title: 'WHAT' },
  ];
  return table(
    paint,
    columns,
    rows.map((row) => [
      String(row['seq']),
      timeText(String(row['recorded_at'])),
      String(row['kind']),
      String(row['account']),
      whatText(String(row['op_json'])),
    ]),
  );
}

/** The fields of an operation, without those that have columns of their own, and what tells most first. */
function whatText(json: string): string {
  const op = JSON.parse(json) as Record<string, unknown>;
  const { kind: _kind, by: _by, idempotencyKey: _key, amount, token, verse, ...others } = op;
  const money = amount === undefined ? {} : { [String(amount)]: token };
  const rest = { ...money, ...others, ...(verse === undefined ? {} : { verse }) };
  const text = Object.entries(rest).map(([field, value]) => {
    return `${field} ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return shortText(text.join(', '), 90);
}

export function ledgerValueText(paint: Paint, { world, conditions }: LedgerValueView): string {
  if (conditions.length === 0) {
    return `No open condition decides about the account of ${world}. What it has: wr ledger balances ${world}\n`;
  }
  return conditions.map((one) => conditionText(paint, one)).join('\n');
}

function conditionText(
  paint: Paint,
  { conditionId, outcomes, expected }: LedgerValueView['conditions'][number],
): string {
  const columns = [
    { title: 'OUTCOME' },
    { title: 'PROBABILITY', right: true },
    { title: 'TOKEN' },
    { title: 'AMOUNT', right: true },
    { title: '' },
  ];
  const tokens = Object.keys(expected);
  const most = new Map(
    tokens.map((token) => [token, Math.max(...outcomes.map((one) => numberOf(one.tokens[token])))]),
  );
  const bar = (token: string, text: string | undefined): string => {
    const longest = most.get(token) ?? 0;
    return longest > 0 ? '█'.repeat(Math.round((BAR_WIDTH * numberOf(text)) / longest)) : '';
  };
  const rows = outcomes.flatMap(({ outcome, probability, tokens: held }) =>
    tokens.map((token, index) => [
      index === 0 ? outcome : '',
      index === 0 ? numberText(numberOf(probability)) : '',
      token,
      exactText(held[token]),
      bar(token, held[token]),
    ]),
  );
  const mean = tokens.map((token) => ['expected', '', token, exactText(expected[token]), '']);
  return `${paint.dim(conditionId)}\n${table(paint, columns, [...rows, ...mean])}`;
}

function numberOf(text: string | undefined): number {
  return text === undefined ? 0 : Rational.toNumber(Rational.parse(text));
}

/** `1/3 (~0.333)`, or the number itself where it is whole. */
function exactText(text: string | undefined): string {
  if (text === undefined) return '0';
  return text.includes('/') ? `${text} (~${numberText(numberOf(text))})` : text;
}

export function ledgerVerifyText(paint: Paint, view: LedgerVerifyView): string {
  const { entries, operations, conditions, verses, tokens } = view;
  const backed = tokens.map(({ token, escrow }) => `${escrow} ${token}`).join(', ') || NOTHING;
  return (
    `${paint.good('ok')}  ${operations} operations in ${entries} entries, ${conditions} conditions, ${verses} verses; ` +
    `all accounts together have what is under escrow: ${backed}\n`
  );
}
