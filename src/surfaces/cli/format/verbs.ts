import type {
  BalanceView,
  BranchView,
  PullUpView,
  PushDownView,
  SnapshotView,
  VoidView,
} from '../../../model/api.js';
import { exactOrReason, exactText, msText, NOTHING, tritText } from './cells.js';
import type { Paint } from './paint.js';
import { fields, table } from './table.js';

export function snapshotText(paint: Paint, snapshot: SnapshotView): string {
  return fields(paint, [
    ['snapshot', `${snapshot.name} (${snapshot.id})`],
    ['world', snapshot.worldId],
    ['state', snapshot.state],
    ['time', msText(snapshot.snapshotTimeMs)],
  ]);
}

export function branchText(paint: Paint, branch: BranchView): string {
  const head = fields(paint, [
    ['branch', branch.branchId],
    ['parent', branch.parentId],
    ['gf3 sum', String(branch.gf3Sum)],
    ['time', timesText(branch)],
  ]);
  const rows = branch.children.map((child) => [
    child.name,
    child.verse,
    paint.trit(child.trit, tritText(child.trit)),
    child.id,
  ]);
  return `${head}\n${table(paint, [{ title: 'WORLD' }, { title: 'VERSE' }, { title: 'TRIT' }, { title: 'ID' }], rows)}`;
}

function timesText(branch: BranchView): string {
  return `${msText(branch.branchTimeMs)}; snapshot ${msText(branch.snapshotTimeMs)}`;
}

export function pushDownText(paint: Paint, pushed: PushDownView): string {
  const head = fields(paint, [
    ['condition', pushed.conditionId],
    ['branch', pushed.branchId],
    ['parent', pushed.parentId],
    ['gf3 sum', String(pushed.gf3Sum)],
    ['time', timesText(pushed)],
  ]);
  const names = new Map(pushed.children.map(({ id, name }) => [id, name]));
  const columns = [
    { title: 'OUTCOME' },
    { title: 'TRIT' },
    { title: 'PROBABILITY', right: true },
    { title: 'ROLE' },
    { title: 'WORLD' },
    { title: 'ID' },
  ];
  const rows = pushed.outcomes.map((outcome) => [
    outcome.name,
    paint.trit(outcome.trit, tritText(outcome.trit)),
    outcome.probability,
    outcome.role ?? NOTHING,
    names.get(outcome.worldId) ?? NOTHING,
    outcome.worldId,
  ]);
  return `${head}\n${table(paint, columns, rows)}`;
}

export function pullUpText(paint: Paint, resolved: PullUpView): string {
  const { wev } = resolved;
  const optional = (text: string | null): string | null => text && exactText(text);
  const losing = Object.entries(wev.losingBalances).map(([token, amount]) => `${amount} ${token}`);
  return fields(paint, [
    ['resolution', resolved.resolutionId],
    ['winner', `${paint.good(resolved.winner.outcome)} (${resolved.winner.worldId})`],
    ['collapsed', `${resolved.collapsed.join(', ')} (${resolved.collapsedWorldIds.length} worlds)`],
    ['oracle', resolved.oracle.source],
    ['wev', exactOrReason(wev.wev, wev.wevReason)],
    ['price of anarchy', optional(wev.poa)],
    ['wev as value', optional(wev.wevValue)],
    ['regret', optional(wev.regret)],
    ['extractable', optional(wev.pctExtractable)],
    ['expected wev', optional(wev.wevExpected)],
    ['losing balances', losing.length > 0 ? losing.join(', ') : null],
    ['unbounded', wev.unbounded ? 'yes' : null],
    ['parent', resolved.parentId],
    ['state', resolved.state],
    ['time', msText(resolved.pullUpTimeMs)],
  ]);
}

export function voidText(paint: Paint, voided: VoidView): string {
  return fields(paint, [
    ['voided', voided.conditionId],
    ['parent', voided.parentId],
    ['collapsed', `${voided.collapsedWorldIds.length} worlds`],
  ]);
}

export function balancesTable(paint: Paint, balances: readonly BalanceView[]): string {
  if (balances.length === 0) return 'no balances\n';
  const columns = [
    { title: 'VERSE' },
    { title: 'OWNER' },
    { title: 'TOKEN' },
    { title: 'AMOUNT (base units)', right: true },
  ];
  return table(
    paint,
    columns,
    balances.map(({ verse, owner, token, amount }) => [verse, owner, token, amount]),
  );
}
