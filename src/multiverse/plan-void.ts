import type { Evidence } from '../model/answer-api.js';
import type { ConditionId } from '../model/ids.js';
import { type AccountId, SYSTEM_ACCOUNT } from './account.js';
import type { Ledger } from './ledger.js';
import type { LedgerOp } from './ledger-op.js';

export interface VoidRequest {
  readonly condition: ConditionId;
  readonly evidence?: Evidence | undefined;
  /** Who acts; the system when absent. */
  readonly by?: AccountId | undefined;
}

/**
 * Plans to void a condition. The one operation pays every owner and collapses the verses by itself.
 *
 * @throws CONDITION_NOT_FOUND
 */
export function planVoid(ledger: Ledger, request: VoidRequest): LedgerOp[] {
  const { condition, evidence, by = SYSTEM_ACCOUNT } = request;
  return [
    {
      kind: 'void',
      by,
      condition: ledger.condition(condition).id,
      ...(evidence === undefined ? {} : { evidence }),
    },
  ];
}
