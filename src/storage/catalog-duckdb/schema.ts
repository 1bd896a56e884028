/**
 * The text below is what a new catalog gets. Whoever changes it adds a step to `MIGRATIONS` (migrations.ts), which brings
 * catalogs made before to the same tables. New columns stand at the end of their table, as `ALTER TABLE` puts them there; a
 * new table also gets a line in `PRIMARY_KEYS`.
 */

/** The four tables of the project's founding document, as they stand there. */
const FOUNDING_TABLES = `
-- WorldRuntime entities
CREATE TABLE IF NOT EXISTS world_runtime_entities (
  entity_id VARCHAR PRIMARY KEY,
  entity_type VARCHAR NOT NULL,  -- 'microvm', 'sandbox', 'verse'
  parent_id VARCHAR,
  snapshot_id VARCHAR,
  trit INT CHECK (trit IN (-1, 0, 1)),
  state VARCHAR DEFAULT 'running',  -- 'running', 'snapshotted', 'collapsed'
  memory_mib INT,
  vcpu_count INT,
  boot_time_ms FLOAT,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
  resolved_at TIMESTAMP
);

-- Branching events
CREATE TABLE IF NOT EXISTS world_branches (
  branch_id VARCHAR PRIMARY KEY,
  parent_entity_id VARCHAR REFERENCES world_runtime_entities(entity_id),
  child_entity_ids VARCHAR[],  -- Array of child entity IDs
  branch_type VARCHAR,  -- 'push_down', 'fork', 'snapshot'
  snapshot_time_ms FLOAT,
  gf3_sum INT,
  branched_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- Verse resolutions
CREATE TABLE IF NOT EXISTS verse_resolutions (
  resolution_id VARCHAR PRIMARY KEY,
  verses VARCHAR[],  -- Participating verse IDs
  winning_verse VARCHAR,
  oracle_source VARCHAR,
  wev_extracted FLOAT,
  pull_up_time_ms FLOAT,
  resolved_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- Performance metrics
CREATE TABLE IF NOT EXISTS runtime_metrics (
  metric_id VARCHAR PRIMARY KEY,
  entity_id VARCHAR REFERENCES world_runtime_entities(entity_id),
  boot_time_ms FLOAT,
  snapshot_time_ms FLOAT,
  branch_time_ms FLOAT,
  memory_overhead_mb FLOAT,
  measured_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
`;

/**
 * Our own tables. They have no foreign keys and no index but their primary keys: DuckDB refuses updates of
 * indexed columns in rows that others refer to. Columns that end in `_json` hold JSON text; exact numbers are text.
 */
const OWN_TABLES = `
CREATE TABLE IF NOT EXISTS worlds (
  world_id VARCHAR PRIMARY KEY,
  name VARCHAR NOT NULL,
  status VARCHAR NOT NULL CHECK (status IN ('running', 'snapshotted', 'stopped', 'collapsed', 'deleted')),
  substrate VARCHAR NOT NULL,
  entity_type VARCHAR NOT NULL,
  parent_id VARCHAR,
  snapshot_id VARCHAR,
  birth_state VARCHAR NOT NULL,
  head VARCHAR NOT NULL,
  generation INT NOT NULL,
  verse VARCHAR NOT NULL,
  verse_id VARCHAR NOT NULL,
  trit INT NOT NULL CHECK (trit IN (-1, 0, 1)),
  probability VARCHAR NOT NULL,
  seed VARCHAR NOT NULL,
  common_random_numbers BOOLEAN NOT NULL,
  account VARCHAR NOT NULL,
  base_digest VARCHAR NOT NULL,
  limits_json VARCHAR NOT NULL,
  metadata_json VARCHAR NOT NULL,
  report_cost VARCHAR,
  report_value VARCHAR,
  created_at TIMESTAMP NOT NULL,
  ended_at TIMESTAMP,
  image_name VARCHAR,
  image_hash VARCHAR
);

CREATE TABLE IF NOT EXISTS states (
  state_id VARCHAR PRIMARY KEY,
  world_id VARCHAR NOT NULL,
  parent_state VARCHAR,
  execution_id VARCHAR,
  root VARCHAR,
  durable_json VARCHAR,
  created_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS snapshots (
  snapshot_id VARCHAR PRIMARY KEY,
  name VARCHAR NOT NULL,
  world_id VARCHAR NOT NULL,
  state_id VARCHAR NOT NULL,
  durable_json VARCHAR NOT NULL,
  taken_at TIMESTAMP NOT NULL,
  removed_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS executions (
  execution_id VARCHAR PRIMARY KEY,
  world_id VARCHAR NOT NULL,
  parent_state VARCHAR NOT NULL,
  state_id VARCHAR,
  status VARCHAR NOT NULL CHECK (status IN ('ok', 'error', 'failed')),
  language VARCHAR NOT NULL,
  code VARCHAR NOT NULL,
  generation INT,
  clock_ns VARCHAR,
  value VARCHAR,
  stdout VARCHAR,
  stderr VARCHAR,
  stdout_truncated BOOLEAN,
  stderr_truncated BOOLEAN,
  error_type VARCHAR,
  error_message VARCHAR,
  traceback VARCHAR,
  failure_code VARCHAR,
  effects_json VARCHAR,
  result_digest VARCHAR,
  run_ms DOUBLE,
  time_ms DOUBLE NOT NULL,
  executed_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS file_edits (
  state_id VARCHAR PRIMARY KEY,
  world_id VARCHAR NOT NULL,
  parent_state VARCHAR NOT NULL,
  changes_json VARCHAR NOT NULL,
  time_ms DOUBLE NOT NULL,
  edited_at TIMESTAMP NOT NULL
);

CREATE TABLE IF NOT EXISTS conditions (
  condition_id VARCHAR PRIMARY KEY,
  verse_id VARCHAR NOT NULL,
  world_id VARCHAR,
  branch_id VARCHAR,
  oracle VARCHAR NOT NULL,
  status VARCHAR NOT NULL CHECK (status IN ('open', 'resolved', 'void')),
  outcomes_json VARCHAR NOT NULL,
  live_outcomes_json VARCHAR NOT NULL,
  opened_at TIMESTAMP NOT NULL,
  closed_at TIMESTAMP,
  dispute_window_s INT
);

CREATE TABLE IF NOT EXISTS verses (
  verse_id VARCHAR PRIMARY KEY,
  condition_id VARCHAR,
  parent_verse_id VARCHAR,
  world_id VARCHAR,
  outcome_name VARCHAR NOT NULL,
  outcome_index INT,
  probability VARCHAR,
  trit INT CHECK (trit IN (-1, 0, 1)),
  constraints_json VARCHAR NOT NULL,
  resolved BOOLEAN NOT NULL,
  outcome BOOLEAN NOT NULL,
  created_at TIMESTAMP NOT NULL,
  resolved_at TIMESTAMP
);

CREATE TABLE IF NOT EXISTS balances (
  verse_id VARCHAR NOT NULL,
  owner VARCHAR NOT NULL,
  token VARCHAR NOT NULL,
  amount VARCHAR NOT NULL CHECK (regexp_full_match(amount, '0|[1-9][0-9]{0,77}')),
  live BOOLEAN NOT NULL,
  PRIMARY KEY (verse_id, owner, token)
);

CREATE TABLE IF NOT EXISTS ledger_entries (
  seq BIGINT NOT NULL,
  position INT NOT NULL,
  kind VARCHAR NOT NULL,
  account VARCHAR NOT NULL,
  op_json VARCHAR NOT NULL,
  recorded_at TIMESTAMP NOT NULL,
  PRIMARY KEY (seq, position)
);

CREATE TABLE IF NOT EXISTS oracle_reports (
  seq BIGINT NOT NULL,
  position INT NOT NULL,
  condition_id VARCHAR NOT NULL,
  resolution_id VARCHAR,
  source VARCHAR NOT NULL,
  outcome VARCHAR,
  evidence_json VARCHAR NOT NULL,
  reported_at TIMESTAMP NOT NULL,
  kind VARCHAR,
  PRIMARY KEY (seq, position)
);

CREATE TABLE IF NOT EXISTS resolution_wev (
  resolution_id VARCHAR PRIMARY KEY,
  condition_id VARCHAR NOT NULL,
  parent_id VARCHAR NOT NULL,
  winner_id VARCHAR NOT NULL,
  winner_outcome VARCHAR NOT NULL,
  poa VARCHAR,
  wev VARCHAR,
  wev_value VARCHAR,
  regret VARCHAR,
  pct_extractable VARCHAR,
  wev_expected VARCHAR,
  losing_balances_json VARCHAR NOT NULL,
  unbounded BOOLEAN NOT NULL,
  wev_reason VARCHAR
);

CREATE TABLE IF NOT EXISTS images (
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
);

CREATE TABLE IF NOT EXISTS projection (
  seq BIGINT NOT NULL,
  hash VARCHAR NOT NULL,
  schema_version INT NOT NULL
);
`;

export const CREATE_TABLES = `${FOUNDING_TABLES}${OWN_TABLES}`;

/** Every table that entries are projected into, with its primary key: those that others refer to come first. */
export const PRIMARY_KEYS = {
  world_runtime_entities: ['entity_id'],
  world_branches: ['branch_id'],
  verse_resolutions: ['resolution_id'],
  runtime_metrics: ['metric_id'],
  worlds: ['world_id'],
  states: ['state_id'],
  snapshots: ['snapshot_id'],
  executions: ['execution_id'],
  file_edits: ['state_id'],
  conditions: ['condition_id'],
  verses: ['verse_id'],
  balances: ['verse_id', 'owner', 'token'],
  ledger_entries: ['seq', 'position'],
  oracle_reports: ['seq', 'position'],
  resolution_wev: ['resolution_id'],
  images: ['image_id'],
} as const satisfies Record<string, readonly string[]>;
export type ProjectedTable = keyof typeof PRIMARY_KEYS;

/** The same tables, in the order in which rows are inserted. */
export const PROJECTED_TABLES = Object.keys(PRIMARY_KEYS) as readonly ProjectedTable[];

/** Every table in the order in which it can be dropped: those that refer to others first, `projection` last. */
export const TABLES_TO_DROP: readonly string[] = [...PROJECTED_TABLES.toReversed(), 'projection'];

/** Empties the projection, in two transactions: rows that refer to others, and then those. */
export const EMPTY_STATEMENTS: readonly string[] = [
  [
    'BEGIN',
    // First, so that a crash between the two leaves an empty projection that says it is empty.
    `UPDATE projection SET seq = 0, hash = '${'0'.repeat(64)}'`,
    ...PROJECTED_TABLES.filter((name) => name !== 'world_runtime_entities').map(
      (name) => `DELETE FROM ${name}`,
    ),
    'COMMIT',
  ].join('; '),
  'DELETE FROM world_runtime_entities',
];
