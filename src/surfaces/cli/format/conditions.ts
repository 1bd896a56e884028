import type { ConditionView } from '../../../model/condition-api.js';
import { NOTHING, timeText } from './cells.js';
import type { Paint } from './paint.js';
import { fields, table } from './table.js';

/** Questions and their answers, for people. */

export function conditionsTable(paint: Paint, conditions: readonly ConditionView[]): string {
  if (conditions.length === 0) return 'no open conditions; settled ones: wr condition list --all\n';
  const columns = [
    { title: 'CONDITION' },
    { title: 'WORLD' },
    { title: 'STATE' },
    { title: 'OUTCOMES' },
    { title: 'PROPOSED' },
    { title: 'DISPUTABLE UNTIL (UTC)' },
  ];
  const rows = conditions.map((one) => [
    one.conditionId,
    one.world ?? NOTHING,
    one.settled ?? one.state,
    one.outcomes.map(({ name }) => name).join(', '),
    one.proposal?.outcome ?? NOTHING,
    one.proposal === null ? NOTHING : timeText(one.proposal.until),
  ]);
  return table(paint, columns, rows);
}

export function conditionText(paint: Paint, one: ConditionView): string {
  const { proposal } = one;
  const head = fields(paint, [
    ['condition', one.conditionId],
    ['world', one.world],
    ['state', one.settled === null ? one.state : `${one.state} (${one.settled})`],
    ['dispute window', one.disputeWindow > 0 ? `${one.disputeWindow} s` : null],
    ['disputed', one.disputes > 0 ? `${one.disputes} times` : null],
    ['proposed', proposal && `${proposal.outcome} by ${proposal.by} (${proposal.source})`],
    ['evidence', proposal && isSomething(proposal.evidence) ? JSON.stringify(proposal.evidence) : null],
    ['disputable until', proposal && one.settled === null ? timeText(proposal.until) : null],
  ]);
  const columns = [
    { title: 'OUTCOME' },
    { title: 'PROBABILITY', right: true },
    { title: 'COST', right: true },
    { title: 'VALUE', right: true },
    { title: 'VERSE' },
    { title: '' },
  ];
  const rows = one.outcomes.map(({ name, probability, cost, value, verseId, live }) => [
    name,
    probability,
    cost ?? NOTHING,
    value ?? NOTHING,
    verseId,
    live ? '' : 'collapsed',
  ]);
  return `${head}${table(paint, columns, rows)}`;
}

function isSomething(evidence: unknown): boolean {
  return typeof evidence === 'object' && evidence !== null && Object.keys(evidence).length > 0;
}
