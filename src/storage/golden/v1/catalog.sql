-- The tables of version 1 and what it projected of history/000001.wrj. Never changes.

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
  ended_at TIMESTAMP
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
  taken_at TIMESTAMP NOT NULL
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
  closed_at TIMESTAMP
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

CREATE TABLE IF NOT EXISTS projection (
  seq BIGINT NOT NULL,
  hash VARCHAR NOT NULL,
  schema_version INT NOT NULL
);

INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000001', 'sandbox', NULL, NULL, 0, 'running', 512, NULL, 12.5, '2026-01-01T00:00:01.000001Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000002', 'sandbox', 'wld_00000000000000000000000001', 'snp_00000000000000000000000001', -1, 'running', 512, NULL, 12.5, '2026-01-01T00:00:06.000006Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000003', 'sandbox', 'wld_00000000000000000000000001', 'snp_00000000000000000000000001', 1, 'deleted', 512, NULL, 12.5, '2026-01-01T00:00:07.000007Z', '2026-01-01T00:00:24.000024Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000004', 'sandbox', 'wld_00000000000000000000000001', 'snp_00000000000000000000000001', 1, 'running', 512, NULL, 12.5, '2026-01-01T00:00:08.000008Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000005', 'sandbox', 'wld_00000000000000000000000003', NULL, -1, 'running', 512, NULL, NULL, '2026-01-01T00:00:12.000012Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000006', 'sandbox', 'wld_00000000000000000000000003', NULL, 0, 'running', 512, NULL, NULL, '2026-01-01T00:00:12.000012Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000007', 'sandbox', 'wld_00000000000000000000000003', NULL, 1, 'running', 512, NULL, NULL, '2026-01-01T00:00:12.000012Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000008', 'verse', 'wld_00000000000000000000000001', NULL, -1, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_00000000000000000000000009', 'verse', 'wld_00000000000000000000000001', NULL, 0, 'stopped', 512, NULL, NULL, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000A', 'verse', 'wld_00000000000000000000000001', NULL, 1, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000B', 'verse', 'wld_0000000000000000000000000A', NULL, -1, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000C', 'verse', 'wld_0000000000000000000000000A', NULL, 0, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000D', 'verse', 'wld_0000000000000000000000000A', NULL, 1, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000E', 'sandbox', 'wld_00000000000000000000000009', NULL, 0, 'running', 512, NULL, NULL, '2026-01-01T00:00:16.000016Z', NULL);
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000F', 'sandbox', 'wld_00000000000000000000000008', NULL, 0, 'deleted', 512, NULL, NULL, '2026-01-01T00:00:17.000017Z', '2026-01-01T00:00:18.000018Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000G', 'verse', 'wld_00000000000000000000000002', NULL, -1, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000H', 'verse', 'wld_00000000000000000000000002', NULL, 0, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO world_runtime_entities (entity_id, entity_type, parent_id, snapshot_id, trit, state, memory_mib, vcpu_count, boot_time_ms, created_at, resolved_at) VALUES ('wld_0000000000000000000000000J', 'verse', 'wld_00000000000000000000000002', NULL, 1, 'collapsed', 512, NULL, NULL, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000001', 'wld_00000000000000000000000001', ['wld_00000000000000000000000002', 'wld_00000000000000000000000003', 'wld_00000000000000000000000004'], 'fork', NULL, 1, '2026-01-01T00:00:06.000006Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000002', 'wld_00000000000000000000000003', ['wld_00000000000000000000000005', 'wld_00000000000000000000000006', 'wld_00000000000000000000000007'], 'fork', 0.5, 0, '2026-01-01T00:00:12.000012Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000003', 'wld_00000000000000000000000001', ['wld_00000000000000000000000008', 'wld_00000000000000000000000009', 'wld_0000000000000000000000000A'], 'push_down', 0.75, 0, '2026-01-01T00:00:13.000013Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000004', 'wld_0000000000000000000000000A', ['wld_0000000000000000000000000B', 'wld_0000000000000000000000000C', 'wld_0000000000000000000000000D'], 'push_down', 0.75, 0, '2026-01-01T00:00:15.000015Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000005', 'wld_00000000000000000000000009', ['wld_0000000000000000000000000E'], 'fork', 0.5, 0, '2026-01-01T00:00:16.000016Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000006', 'wld_00000000000000000000000008', ['wld_0000000000000000000000000F'], 'fork', 0.5, 0, '2026-01-01T00:00:17.000017Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('brn_00000000000000000000000007', 'wld_00000000000000000000000002', ['wld_0000000000000000000000000G', 'wld_0000000000000000000000000H', 'wld_0000000000000000000000000J'], 'push_down', 0.75, 0, '2026-01-01T00:00:21.000021Z');
INSERT INTO world_branches (branch_id, parent_entity_id, child_entity_ids, branch_type, snapshot_time_ms, gf3_sum, branched_at) VALUES ('snp_00000000000000000000000001', 'wld_00000000000000000000000001', [], 'snapshot', 4.5, 0, '2026-01-01T00:00:05.000005Z');
INSERT INTO verse_resolutions (resolution_id, verses, winning_verse, oracle_source, wev_extracted, pull_up_time_ms, resolved_at) VALUES ('rsl_00000000000000000000000001', ['wld_00000000000000000000000008', 'wld_00000000000000000000000009', 'wld_0000000000000000000000000A'], 'wld_00000000000000000000000009', 'manual', 0.3333333432674408, 3.5, '2026-01-01T00:00:19.000019Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000001', 'wld_00000000000000000000000001', 12.5, NULL, NULL, 1.25, '2026-01-01T00:00:01.000001Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000002', 'wld_00000000000000000000000001', NULL, 4.5, NULL, 0.5, '2026-01-01T00:00:05.000005Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000003', 'wld_00000000000000000000000002', 12.5, NULL, NULL, 1.25, '2026-01-01T00:00:06.000006Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000004', 'wld_00000000000000000000000003', 12.5, NULL, NULL, 1.25, '2026-01-01T00:00:07.000007Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000005', 'wld_00000000000000000000000004', 12.5, NULL, NULL, 1.25, '2026-01-01T00:00:08.000008Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000006', 'wld_00000000000000000000000005', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:12.000012Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000007', 'wld_00000000000000000000000006', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:12.000012Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000008', 'wld_00000000000000000000000007', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:12.000012Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_00000000000000000000000009', 'wld_00000000000000000000000008', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:13.000013Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000A', 'wld_00000000000000000000000009', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:13.000013Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000B', 'wld_0000000000000000000000000A', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:13.000013Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000C', 'wld_0000000000000000000000000B', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:15.000015Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000D', 'wld_0000000000000000000000000C', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:15.000015Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000E', 'wld_0000000000000000000000000D', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:15.000015Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000F', 'wld_0000000000000000000000000E', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:16.000016Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000G', 'wld_0000000000000000000000000F', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:17.000017Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000H', 'wld_0000000000000000000000000G', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:21.000021Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000J', 'wld_0000000000000000000000000H', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:21.000021Z');
INSERT INTO runtime_metrics (metric_id, entity_id, boot_time_ms, snapshot_time_ms, branch_time_ms, memory_overhead_mb, measured_at) VALUES ('mtr_0000000000000000000000000K', 'wld_0000000000000000000000000J', NULL, NULL, 0.25, NULL, '2026-01-01T00:00:21.000021Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000001', 'root', 'running', 'simulated', 'sandbox', NULL, NULL, 'stt_00000000000000000000000001', 'stt_00000000000000000000000001', 1, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 0, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root\""}', '3/2', NULL, '2026-01-01T00:00:01.000001Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000002', 'left', 'running', 'simulated', 'sandbox', 'wld_00000000000000000000000001', 'snp_00000000000000000000000001', 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', -1, '1', '18446744073709551615', false, 'wld_00000000000000000000000002', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"left\""}', NULL, NULL, '2026-01-01T00:00:06.000006Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000003', 'right', 'deleted', 'simulated', 'sandbox', 'wld_00000000000000000000000001', 'snp_00000000000000000000000001', 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 1, '1', '18446744073709551615', false, 'wld_00000000000000000000000003', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"right\""}', NULL, NULL, '2026-01-01T00:00:07.000007Z', '2026-01-01T00:00:24.000024Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000004', 'late', 'running', 'simulated', 'sandbox', 'wld_00000000000000000000000001', 'snp_00000000000000000000000001', 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 1, '1', '18446744073709551615', false, 'wld_00000000000000000000000004', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"late\""}', NULL, NULL, '2026-01-01T00:00:08.000008Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000005', 'right-0', 'running', 'simulated', 'sandbox', 'wld_00000000000000000000000003', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', -1, '1', '18446744073709551615', false, 'wld_00000000000000000000000005', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"right-0\""}', NULL, NULL, '2026-01-01T00:00:12.000012Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000006', 'right-1', 'running', 'simulated', 'sandbox', 'wld_00000000000000000000000003', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 0, '1', '18446744073709551615', false, 'wld_00000000000000000000000006', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"right-1\""}', NULL, NULL, '2026-01-01T00:00:12.000012Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000007', 'right-2', 'running', 'simulated', 'sandbox', 'wld_00000000000000000000000003', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 1, '1', '18446744073709551615', false, 'wld_00000000000000000000000007', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"right-2\""}', NULL, NULL, '2026-01-01T00:00:12.000012Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000008', 'root/nash', 'collapsed', 'simulated', 'verse', 'wld_00000000000000000000000001', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'nash', 'vrs_4738180f9d76bc6f30593a01e01a19a0', -1, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/nash\""}', NULL, NULL, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_00000000000000000000000009', 'root/optimal', 'stopped', 'simulated', 'verse', 'wld_00000000000000000000000001', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000004', 0, 'optimal', 'vrs_d6f79fe8f23eea3904d3c1c0d4934756', 0, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/optimal\""}', '3/2', NULL, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000A', 'root/chaos', 'collapsed', 'simulated', 'verse', 'wld_00000000000000000000000001', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'chaos', 'vrs_4a4430c97d251b0cdfb00252034cff61', 1, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/chaos\""}', NULL, NULL, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000B', 'root/chaos/nash', 'collapsed', 'simulated', 'verse', 'wld_0000000000000000000000000A', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'nash', 'vrs_09a1d6c7cf94c8f4953950f8fd08b3f6', -1, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/chaos/nash\""}', NULL, NULL, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000C', 'root/chaos/optimal', 'collapsed', 'simulated', 'verse', 'wld_0000000000000000000000000A', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'optimal', 'vrs_615b1a92f5cf6440e80ef18c658ee905', 0, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/chaos/optimal\""}', NULL, NULL, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000D', 'root/chaos/chaos', 'collapsed', 'simulated', 'verse', 'wld_0000000000000000000000000A', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'chaos', 'vrs_dd34f6803142bdfc5aec11d040913a84', 1, '1', '18446744073709551615', false, 'wld_00000000000000000000000001', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/chaos/chaos\""}', NULL, NULL, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000E', 'root/optimal-0', 'running', 'simulated', 'sandbox', 'wld_00000000000000000000000009', NULL, 'stt_00000000000000000000000004', 'stt_00000000000000000000000004', 0, 'root', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 0, '1', '18446744073709551615', false, 'wld_0000000000000000000000000E', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/optimal-0\""}', NULL, NULL, '2026-01-01T00:00:16.000016Z', NULL);
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000F', 'root/nash-0', 'deleted', 'simulated', 'sandbox', 'wld_00000000000000000000000008', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'root', 'vrs_4738180f9d76bc6f30593a01e01a19a0', 0, '1', '18446744073709551615', false, 'wld_0000000000000000000000000F', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"root/nash-0\""}', NULL, NULL, '2026-01-01T00:00:17.000017Z', '2026-01-01T00:00:18.000018Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000G', 'left/nash', 'collapsed', 'simulated', 'verse', 'wld_00000000000000000000000002', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'nash', 'vrs_f6fc6bad4ca1558dc62412b18c48d594', -1, '1', '18446744073709551615', false, 'wld_00000000000000000000000002', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"left/nash\""}', NULL, NULL, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000H', 'left/optimal', 'collapsed', 'simulated', 'verse', 'wld_00000000000000000000000002', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'optimal', 'vrs_6a6572b7870ad5e2f110ed2c8e5dbbd0', 0, '1', '18446744073709551615', false, 'wld_00000000000000000000000002', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"left/optimal\""}', NULL, NULL, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO worlds (world_id, name, status, substrate, entity_type, parent_id, snapshot_id, birth_state, head, generation, verse, verse_id, trit, probability, seed, common_random_numbers, account, base_digest, limits_json, metadata_json, report_cost, report_value, created_at, ended_at) VALUES ('wld_0000000000000000000000000J', 'left/chaos', 'collapsed', 'simulated', 'verse', 'wld_00000000000000000000000002', NULL, 'stt_00000000000000000000000002', 'stt_00000000000000000000000002', 0, 'chaos', 'vrs_3ebba208d196417cd2f13f64f32ec05e', 1, '1', '18446744073709551615', false, 'wld_00000000000000000000000002', 'base', '{"timeoutMs":30000,"memoryBytes":536870912,"outputBytes":1048576,"fileBytes":268435456,"files":20000}', '{"note":"it''s \"left/chaos\""}', NULL, NULL, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO states (state_id, world_id, parent_state, execution_id, root, durable_json, created_at) VALUES ('stt_00000000000000000000000001', 'wld_00000000000000000000000001', NULL, NULL, NULL, '{"substrate":"simulated","data":{"key":"k"}}', '2026-01-01T00:00:01.000001Z');
INSERT INTO states (state_id, world_id, parent_state, execution_id, root, durable_json, created_at) VALUES ('stt_00000000000000000000000002', 'wld_00000000000000000000000001', 'stt_00000000000000000000000001', 'exe_00000000000000000000000001', 'abababababababababababababababababababababababababababababababab', '{"substrate":"simulated","data":{"key":"k"}}', '2026-01-01T00:00:03.000003Z');
INSERT INTO states (state_id, world_id, parent_state, execution_id, root, durable_json, created_at) VALUES ('stt_00000000000000000000000004', 'wld_00000000000000000000000009', 'stt_00000000000000000000000002', 'exe_00000000000000000000000004', NULL, NULL, '2026-01-01T00:00:14.000014Z');
INSERT INTO snapshots (snapshot_id, name, world_id, state_id, durable_json, taken_at) VALUES ('snp_00000000000000000000000001', 'warm', 'wld_00000000000000000000000001', 'stt_00000000000000000000000002', '{"substrate":"simulated","data":{"key":"k"}}', '2026-01-01T00:00:05.000005Z');
INSERT INTO executions (execution_id, world_id, parent_state, state_id, status, language, code, generation, clock_ns, value, stdout, stderr, stdout_truncated, stderr_truncated, error_type, error_message, traceback, failure_code, effects_json, result_digest, run_ms, time_ms, executed_at) VALUES ('exe_00000000000000000000000001', 'wld_00000000000000000000000001', 'stt_00000000000000000000000001', 'stt_00000000000000000000000002', 'ok', 'python', 'print(''héllo ' || chr(0) || ' 𝔘'')', 0, '1767225600000000000', '42', 'héllo ' || chr(0) || ' 𝔘
', '', false, false, NULL, NULL, NULL, NULL, '[{"kind":"report","cost":"3/2"}]', 'd1', 1.5, 2.5, '2026-01-01T00:00:03.000003Z');
INSERT INTO executions (execution_id, world_id, parent_state, state_id, status, language, code, generation, clock_ns, value, stdout, stderr, stdout_truncated, stderr_truncated, error_type, error_message, traceback, failure_code, effects_json, result_digest, run_ms, time_ms, executed_at) VALUES ('exe_00000000000000000000000002', 'wld_00000000000000000000000002', 'stt_00000000000000000000000002', NULL, 'failed', 'python', 'while True: pass', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'too slow', NULL, 'EXECUTION_TIMEOUT', NULL, NULL, NULL, 1000, '2026-01-01T00:00:10.00001Z');
INSERT INTO executions (execution_id, world_id, parent_state, state_id, status, language, code, generation, clock_ns, value, stdout, stderr, stdout_truncated, stderr_truncated, error_type, error_message, traceback, failure_code, effects_json, result_digest, run_ms, time_ms, executed_at) VALUES ('exe_00000000000000000000000003', 'wld_00000000000000000000000003', 'stt_00000000000000000000000002', NULL, 'error', 'python', 'print(''héllo ' || chr(0) || ' 𝔘'')', 0, '1767225600000000000', '42', 'héllo ' || chr(0) || ' 𝔘
', '', false, false, NULL, NULL, NULL, NULL, '[]', 'd1', 1.5, 2.5, '2026-01-01T00:00:11.000011Z');
INSERT INTO executions (execution_id, world_id, parent_state, state_id, status, language, code, generation, clock_ns, value, stdout, stderr, stdout_truncated, stderr_truncated, error_type, error_message, traceback, failure_code, effects_json, result_digest, run_ms, time_ms, executed_at) VALUES ('exe_00000000000000000000000004', 'wld_00000000000000000000000009', 'stt_00000000000000000000000002', 'stt_00000000000000000000000004', 'ok', 'python', 'print(''héllo ' || chr(0) || ' 𝔘'')', 0, '1767225600000000000', '42', 'héllo ' || chr(0) || ' 𝔘
', '', false, false, NULL, NULL, NULL, NULL, '[{"kind":"report","cost":"3/2"}]', 'd1', 1.5, 2.5, '2026-01-01T00:00:14.000014Z');
INSERT INTO conditions (condition_id, verse_id, world_id, branch_id, oracle, status, outcomes_json, live_outcomes_json, opened_at, closed_at) VALUES ('cnd_00000000000000000000000001', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_00000000000000000000000001', 'brn_00000000000000000000000003', 'wld_00000000000000000000000001', 'resolved', '["nash","optimal","chaos"]', '[1]', '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO conditions (condition_id, verse_id, world_id, branch_id, oracle, status, outcomes_json, live_outcomes_json, opened_at, closed_at) VALUES ('cnd_00000000000000000000000002', 'vrs_4a4430c97d251b0cdfb00252034cff61', 'wld_0000000000000000000000000A', 'brn_00000000000000000000000004', 'wld_00000000000000000000000001', 'open', '["nash","optimal","chaos"]', '[0,1,2]', '2026-01-01T00:00:15.000015Z', NULL);
INSERT INTO conditions (condition_id, verse_id, world_id, branch_id, oracle, status, outcomes_json, live_outcomes_json, opened_at, closed_at) VALUES ('cnd_00000000000000000000000003', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_00000000000000000000000002', 'brn_00000000000000000000000007', 'wld_00000000000000000000000002', 'void', '["nash","optimal","chaos"]', '[]', '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_09a1d6c7cf94c8f4953950f8fd08b3f6', 'cnd_00000000000000000000000002', 'vrs_4a4430c97d251b0cdfb00252034cff61', 'wld_0000000000000000000000000B', 'nash', 0, '0.45', -1, '[{"condition":"cnd_00000000000000000000000001","outcomes":[2]},{"condition":"cnd_00000000000000000000000002","outcomes":[0]}]', true, false, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_3ebba208d196417cd2f13f64f32ec05e', 'cnd_00000000000000000000000003', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_0000000000000000000000000J', 'chaos', 2, '0.2', 1, '[{"condition":"cnd_00000000000000000000000003","outcomes":[2]}]', true, false, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_4738180f9d76bc6f30593a01e01a19a0', 'cnd_00000000000000000000000001', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_00000000000000000000000008', 'nash', 0, '0.45', -1, '[{"condition":"cnd_00000000000000000000000001","outcomes":[0]}]', true, false, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_4a4430c97d251b0cdfb00252034cff61', 'cnd_00000000000000000000000001', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_0000000000000000000000000A', 'chaos', 2, '0.2', 1, '[{"condition":"cnd_00000000000000000000000001","outcomes":[2]}]', true, false, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_615b1a92f5cf6440e80ef18c658ee905', 'cnd_00000000000000000000000002', 'vrs_4a4430c97d251b0cdfb00252034cff61', 'wld_0000000000000000000000000C', 'optimal', 1, '0.35', 0, '[{"condition":"cnd_00000000000000000000000001","outcomes":[2]},{"condition":"cnd_00000000000000000000000002","outcomes":[1]}]', true, false, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_6a6572b7870ad5e2f110ed2c8e5dbbd0', 'cnd_00000000000000000000000003', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_0000000000000000000000000H', 'optimal', 1, '0.35', 0, '[{"condition":"cnd_00000000000000000000000003","outcomes":[1]}]', true, false, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_d6f79fe8f23eea3904d3c1c0d4934756', 'cnd_00000000000000000000000001', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_00000000000000000000000009', 'optimal', 1, '0.35', 0, '[{"condition":"cnd_00000000000000000000000001","outcomes":[1]}]', true, true, '2026-01-01T00:00:13.000013Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_dd34f6803142bdfc5aec11d040913a84', 'cnd_00000000000000000000000002', 'vrs_4a4430c97d251b0cdfb00252034cff61', 'wld_0000000000000000000000000D', 'chaos', 2, '0.2', 1, '[{"condition":"cnd_00000000000000000000000001","outcomes":[2]},{"condition":"cnd_00000000000000000000000002","outcomes":[2]}]', true, false, '2026-01-01T00:00:15.000015Z', '2026-01-01T00:00:19.000019Z');
INSERT INTO verses (verse_id, condition_id, parent_verse_id, world_id, outcome_name, outcome_index, probability, trit, constraints_json, resolved, outcome, created_at, resolved_at) VALUES ('vrs_f6fc6bad4ca1558dc62412b18c48d594', 'cnd_00000000000000000000000003', 'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_0000000000000000000000000G', 'nash', 0, '0.45', -1, '[{"condition":"cnd_00000000000000000000000003","outcomes":[0]}]', true, false, '2026-01-01T00:00:21.000021Z', '2026-01-01T00:00:22.000022Z');
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_09a1d6c7cf94c8f4953950f8fd08b3f6', 'wld_00000000000000000000000001', 'USD', '1000', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_3ebba208d196417cd2f13f64f32ec05e', 'wld_00000000000000000000000002', 'USD', '0', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_4738180f9d76bc6f30593a01e01a19a0', 'wld_00000000000000000000000001', 'USD', '1000', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_4a4430c97d251b0cdfb00252034cff61', 'wld_00000000000000000000000001', 'USD', '0', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', '@dust', 'USD', '1', true);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'shop', 'USD', '1', true);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_00000000000000000000000001', 'USD', '999', true);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5', 'wld_00000000000000000000000002', 'USD', '6', true);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_615b1a92f5cf6440e80ef18c658ee905', 'wld_00000000000000000000000001', 'USD', '1000', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_6a6572b7870ad5e2f110ed2c8e5dbbd0', 'wld_00000000000000000000000002', 'USD', '0', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_d6f79fe8f23eea3904d3c1c0d4934756', 'shop', 'USD', '0', true);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_d6f79fe8f23eea3904d3c1c0d4934756', 'wld_00000000000000000000000001', 'USD', '0', true);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_dd34f6803142bdfc5aec11d040913a84', 'wld_00000000000000000000000001', 'USD', '1000', false);
INSERT INTO balances (verse_id, owner, token, amount, live) VALUES ('vrs_f6fc6bad4ca1558dc62412b18c48d594', 'wld_00000000000000000000000002', 'USD', '0', false);
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('2', 0, 'deposit', '@system', '{"kind":"deposit","by":"@system","owner":"wld_00000000000000000000000001","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","token":"USD","amount":"1000"}', '2026-01-01T00:00:02.000002Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('13', 0, 'openCondition', '@system', '{"kind":"openCondition","by":"@system","condition":"cnd_00000000000000000000000001","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","outcomes":["nash","optimal","chaos"],"probabilities":["0.45","0.35","0.2"],"oracle":"wld_00000000000000000000000001"}', '2026-01-01T00:00:13.000013Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('13', 1, 'split', '@system', '{"kind":"split","by":"@system","owner":"wld_00000000000000000000000001","token":"USD","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","children":["vrs_4738180f9d76bc6f30593a01e01a19a0","vrs_d6f79fe8f23eea3904d3c1c0d4934756","vrs_4a4430c97d251b0cdfb00252034cff61"],"amount":"1000"}', '2026-01-01T00:00:13.000013Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('14', 0, 'transfer', 'wld_00000000000000000000000001', '{"kind":"transfer","by":"wld_00000000000000000000000001","from":"wld_00000000000000000000000001","to":"shop","verse":"vrs_d6f79fe8f23eea3904d3c1c0d4934756","token":"USD","amount":"1"}', '2026-01-01T00:00:14.000014Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('15', 0, 'openCondition', '@system', '{"kind":"openCondition","by":"@system","condition":"cnd_00000000000000000000000002","verse":"vrs_4a4430c97d251b0cdfb00252034cff61","outcomes":["nash","optimal","chaos"],"probabilities":["0.45","0.35","0.2"],"oracle":"wld_00000000000000000000000001"}', '2026-01-01T00:00:15.000015Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('15', 1, 'split', '@system', '{"kind":"split","by":"@system","owner":"wld_00000000000000000000000001","token":"USD","verse":"vrs_4a4430c97d251b0cdfb00252034cff61","children":["vrs_09a1d6c7cf94c8f4953950f8fd08b3f6","vrs_615b1a92f5cf6440e80ef18c658ee905","vrs_dd34f6803142bdfc5aec11d040913a84"],"amount":"1000"}', '2026-01-01T00:00:15.000015Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('19', 0, 'resolve', '@system', '{"kind":"resolve","by":"@system","condition":"cnd_00000000000000000000000001","outcomes":[1],"source":"manual","evidence":{"by":"hand"}}', '2026-01-01T00:00:19.000019Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('19', 1, 'merge', '@system', '{"kind":"merge","by":"@system","owner":"shop","token":"USD","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","children":["vrs_d6f79fe8f23eea3904d3c1c0d4934756"],"amount":"1"}', '2026-01-01T00:00:19.000019Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('19', 2, 'merge', '@system', '{"kind":"merge","by":"@system","owner":"wld_00000000000000000000000001","token":"USD","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","children":["vrs_d6f79fe8f23eea3904d3c1c0d4934756"],"amount":"999"}', '2026-01-01T00:00:19.000019Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('20', 0, 'deposit', '@system', '{"kind":"deposit","by":"@system","owner":"wld_00000000000000000000000002","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","token":"USD","amount":"7"}', '2026-01-01T00:00:20.00002Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('21', 0, 'openCondition', '@system', '{"kind":"openCondition","by":"@system","condition":"cnd_00000000000000000000000003","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","outcomes":["nash","optimal","chaos"],"probabilities":["0.45","0.35","0.2"],"oracle":"wld_00000000000000000000000002"}', '2026-01-01T00:00:21.000021Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('21', 1, 'split', '@system', '{"kind":"split","by":"@system","owner":"wld_00000000000000000000000002","token":"USD","verse":"vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5","children":["vrs_f6fc6bad4ca1558dc62412b18c48d594","vrs_6a6572b7870ad5e2f110ed2c8e5dbbd0","vrs_3ebba208d196417cd2f13f64f32ec05e"],"amount":"7"}', '2026-01-01T00:00:21.000021Z');
INSERT INTO ledger_entries (seq, position, kind, account, op_json, recorded_at) VALUES ('22', 0, 'void', '@system', '{"kind":"void","by":"@system","condition":"cnd_00000000000000000000000003"}', '2026-01-01T00:00:22.000022Z');
INSERT INTO oracle_reports (seq, position, condition_id, resolution_id, source, outcome, evidence_json, reported_at) VALUES ('19', 0, 'cnd_00000000000000000000000001', 'rsl_00000000000000000000000001', 'manual', 'optimal', '{"by":"hand"}', '2026-01-01T00:00:19.000019Z');
INSERT INTO oracle_reports (seq, position, condition_id, resolution_id, source, outcome, evidence_json, reported_at) VALUES ('22', 0, 'cnd_00000000000000000000000003', NULL, 'void', NULL, '{}', '2026-01-01T00:00:22.000022Z');
INSERT INTO resolution_wev (resolution_id, condition_id, parent_id, winner_id, winner_outcome, poa, wev, wev_value, regret, pct_extractable, wev_expected, losing_balances_json, unbounded, wev_reason) VALUES ('rsl_00000000000000000000000001', 'cnd_00000000000000000000000001', 'wld_00000000000000000000000001', 'wld_00000000000000000000000009', 'optimal', '4/3', '1/3', '1/2', '5/9', '1/4', '17/72', '{"USD":"200"}', false, NULL);
INSERT INTO projection (seq, hash, schema_version) VALUES ('24', '8e96d953b61e3542f039ce0bc4827b5a92eaac037bec31d5b62c1aabaf394d47', 1);
