import type { RecordOf } from '../../ports/journal-record.js';
import type { ChangeSet } from './change-set.js';

/** The row of a new base image. */
export function imageCreated(record: RecordOf<'image.created'>, changes: ChangeSet): void {
  changes.insert('images', {
    image_id: record.imageId,
    name: record.name,
    hash: record.hash,
    substrate: record.substrate,
    engine_digest: record.engineDigest,
    base_digest: record.baseDigest,
    parts_json: JSON.stringify(record.parts),
    preamble: record.preamble,
    preamble_bytes: record.preambleBytes,
    size_bytes: record.sizeBytes,
    build_time_ms: record.buildTimeMs,
    created_at: record.at,
  });
}
