import type { JournalRecord } from '../../src/ports/journal-record.js';

/** What a record says happened, in the words in which an answer says it too. */
export function factOf(record: JournalRecord): string | null {
  switch (record.op) {
    case 'world.created':
      return `created ${record.world.worldId}`;
    case 'world.executed':
      return `executed ${record.executionId}`;
    case 'snapshot.taken':
      return `snapshot ${record.snapshotId} of ${record.state}`;
    case 'world.branched':
      return `branched ${record.branchId}`;
    case 'world.replayed':
      return `replayed ${record.sourceId} as ${record.world.worldId}`;
    case 'world.pushed-down':
      return `pushed down ${record.conditionId}`;
    case 'world.pulled-up':
      return `pulled up ${record.conditionId} by ${record.resolutionId}`;
    case 'world.voided':
      return `voided ${record.conditionId}`;
    case 'world.rewound':
      return `rewound ${record.worldId} to ${record.to}`;
    case 'world.files-edited':
      return `edited files to ${record.state}`;
    case 'world.renamed':
      return `renamed ${record.worldId} to ${record.name}`;
    case 'world.tagged':
      return `tagged ${record.worldId} with ${record.metadata['note'] ?? 'nothing'}`;
    case 'snapshot.renamed':
      return `renamed ${record.snapshotId} to ${record.name}`;
    case 'snapshot.removed':
      return `removed ${record.snapshotId}`;
    case 'world.deleted':
      return `deleted ${record.worldId}`;
    case 'ledger.applied':
      return `deposited ${amountOf(record)}`;
    case 'image.created':
      return `made image ${record.imageId}`;
    case 'image.removed':
      return `removed image ${record.name} of ${record.hash}`;
    case 'execution.failed':
    case 'state.persisted':
    case 'state.rooted':
    case 'states.forgotten':
    case 'worlds.forgotten':
      return null;
    default:
      return record satisfies never;
  }
}

/** The tag of whoever asked for it, where what is asked for can carry one. */
export function tagOf(record: JournalRecord): string | null {
  const carrier = carrierOf(record);
  // A child is named below its parent: `op3/op15-0`.
  return carrier === null ? null : (/op\d+(?=[^/]*$)/.exec(carrier)?.[0] ?? null);
}

function carrierOf(record: JournalRecord): string | null {
  switch (record.op) {
    case 'world.created':
    case 'world.replayed':
      return record.world.name;
    case 'world.executed':
      return record.code.split('\n', 1)[0] ?? '';
    case 'snapshot.taken':
      return record.name;
    case 'world.branched':
      return record.children[0]?.name ?? '';
    case 'world.pushed-down':
      return record.outcomes[0]?.name ?? '';
    case 'world.renamed':
    case 'snapshot.renamed':
      return record.name;
    case 'world.tagged':
      return record.metadata['note'] ?? '';
    case 'ledger.applied':
      return `op${amountOf(record)}`;
    case 'image.created':
      return record.name;
    default:
      return null;
  }
}

function amountOf(record: Extract<JournalRecord, { op: 'ledger.applied' }>): string {
  const [op] = record.ledger;
  return op?.kind === 'deposit' ? op.amount : '';
}
