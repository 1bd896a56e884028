import { parseProbability, requireSumToOne } from '../model/probability.js';
import { WorldError } from '../model/world-error.js';
import { childBox } from './box.js';
import type { OpOf } from './ledger-op.js';
import type { LedgerState } from './ledger-state.js';
import { OUTCOMES_MAX } from './outcome-set.js';
import { requireLive } from './partition.js';

/**
 * Opens a condition in a live verse and defines the verse of each outcome. Anyone may open one: it moves
 * no balance. Only the opener, or the oracle it names, and the system may settle it.
 *
 * @throws NAME_TAKEN for an id already in use, VERSE_NOT_FOUND, VERSE_COLLAPSED, BAD_INPUT for the outcomes' number
 * or names, BAD_NUMBER and PROBABILITIES_UNBALANCED for their probabilities.
 */
export function openCondition(state: LedgerState, op: OpOf<'openCondition'>): void {
  if (state.hasCondition(op.condition)) {
    throw new WorldError('NAME_TAKEN', `condition ${op.condition} exists already: choose a new id`, {
      details: { condition: op.condition },
    });
  }
  const parent = state.verse(op.verse);
  requireLive(parent, state.lambda);
  requireOutcomeNames(op.outcomes);
  const probabilities = op.probabilities.map(parseProbability);
  if (probabilities.length !== op.outcomes.length) {
    throw new WorldError(
      'BAD_INPUT',
      `${op.outcomes.length} outcomes need as many probabilities, not ${probabilities.length}`,
    );
  }
  requireSumToOne(probabilities);
  state.setCondition({
    id: op.condition,
    verse: parent.id,
    box: parent.box,
    outcomes: [...op.outcomes],
    outcomeCount: op.outcomes.length,
    probabilities,
    oracle: op.oracle ?? op.by,
    sequence: state.conditionCount,
    disputeWindow: op.disputeWindow ?? 0,
    proposal: null,
    disputes: 0,
    status: { kind: 'open' },
    reports: new Map(),
  });
  for (const index of op.outcomes.keys()) state.defineVerse(childBox(parent.box, op.condition, index));
}

function requireOutcomeNames(names: readonly string[]): void {
  if (names.length < 2 || names.length > OUTCOMES_MAX) {
    throw new WorldError('BAD_INPUT', `a condition has 2 to ${OUTCOMES_MAX} outcomes, not ${names.length}`);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new WorldError('BAD_INPUT', `two outcomes are named "${twice}": give each its own name`, {
    details: { name: twice },
  });
}
