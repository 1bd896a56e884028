/**
 * One step from a version of the tables to the next. `alter` changes them in place, in one transaction with the new version
 * number: its statements say how, and fill what is new from what is there. `rebuild` is for what only the journal knows: the
 * tables are made anew and everything is projected again.
 */
export type Migration =
  | { readonly what: string; readonly kind: 'alter'; readonly statements: readonly string[] }
  | { readonly what: string; readonly kind: 'rebuild' };

/**
 * Every change of the tables (schema.ts) since version 1, oldest first: step 0 leads from version 1 to 2, and so on. A
 * step that was published never changes; a test compares what the steps make of a catalog of version 1 with a new one, row by
 * row and column by column. The founding tables stay as they are.
 *
 * A step for new columns looks so:
 *
 *     { what: 'worlds have tags', kind: 'alter', statements: [
 *       "ALTER TABLE worlds ADD COLUMN tags_json VARCHAR DEFAULT '{}'",
 *     ] },
 *
 * DuckDB cannot add a column with NOT NULL, so the column has none in schema.ts either. Columns, also those with a
 * default, are written by name (project-record.ts); a column that a row leaves out is NULL in it.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    what: 'files are put into worlds from outside',
    kind: 'alter',
    statements: [
      `CREATE TABLE IF NOT EXISTS file_edits (
        state_id VARCHAR PRIMARY KEY,
        world_id VARCHAR NOT NULL,
        parent_state VARCHAR NOT NULL,
        changes_json VARCHAR NOT NULL,
        time_ms DOUBLE NOT NULL,
        edited_at TIMESTAMP NOT NULL
      )`,
    ],
  },
  {
    what: 'worlds have limits of processor time, open files, code and queue; those made before have what then was none',
    kind: 'alter',
    statements: [
      `UPDATE worlds SET limits_json = json_merge_patch(
        '{"cpuMs":86400000,"openFiles":1024,"codeBytes":16777216,"queue":1024}'::JSON, limits_json::JSON)::VARCHAR`,
    ],
  },
  {
    what: 'base images, and which one a world stands on',
    kind: 'alter',
    statements: [
      'ALTER TABLE worlds ADD COLUMN image_name VARCHAR',
      'ALTER TABLE worlds ADD COLUMN image_hash VARCHAR',
      `CREATE TABLE IF NOT EXISTS images (
        image_id VARCHAR PRIMARY KEY,
        name VARCHAR NOT NULL,
        hash VARCHAR NOT NULL,
        substrate VARCHAR NOT NULL,
        engine_digest VARCHAR NOT NULL,
        base_digest VARCHAR NOT NULL,
        parts_json VARCHAR NOT NULL,
        preamble VARCHAR,
        preamble_bytes BIGINT NOT NULL,
        size_bytes BIGINT NOT NULL,
        build_time_ms DOUBLE NOT NULL,
        created_at TIMESTAMP NOT NULL,
        removed_at TIMESTAMP
      )`,
    ],
  },
  {
    what: 'snapshots can be removed',
    kind: 'alter',
    statements: ['ALTER TABLE snapshots ADD COLUMN removed_at TIMESTAMP'],
  },
  {
    what: 'answers of oracles are proposed, disputed and final; until now all were final at once',
    kind: 'alter',
    statements: [
      'ALTER TABLE oracle_reports ADD COLUMN kind VARCHAR',
      "UPDATE oracle_reports SET kind = 'final'",
      'ALTER TABLE conditions ADD COLUMN dispute_window_s INT',
      'UPDATE conditions SET dispute_window_s = 0',
    ],
  },
];

/** Version of the tables in schema.ts. */
export const schemaVersionOf = (migrations: readonly Migration[]): number => migrations.length + 1;
