import type { IdentityRecord, WorldBirth } from '../ports/journal-record.js';
import type { BranchIdentity } from '../ports/substrate.js';

/**
 * An identity as machines take it: with the seed of its random stream, which may be a common one. Always the same
 * fields in the same order, since guests may notice.
 */
export function identityFrom(
  { worldId, tenant }: Pick<WorldBirth, 'worldId' | 'tenant'>,
  record: IdentityRecord,
): BranchIdentity {
  return {
    worldId,
    ...(tenant === undefined ? {} : { tenant }),
    generation: record.generation,
    verse: record.verse,
    trit: record.trit,
    probability: record.probability,
    seed: BigInt(record.commonSeed ?? record.seed),
    commonRandomNumbers: record.commonRandomNumbers && record.commonSeed === undefined,
  };
}
