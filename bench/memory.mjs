import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { descendantsResidentBytes } from './machine.mjs';
import { summarise } from './statistics.mjs';

const SETTLE_MS = 300;
const SETTLED_BYTES = 512 * 1024;
const READINGS_MAX = 10;

/**
 * Memory is taken three ways: what the executor host's resident set grew by (the truth, rounded up by allocators),
 * what this process's heap grew by after a collection (the runtime's own records), and what the substrate accounts
 * to a child in `runtime_metrics` (exact, but only of guest pages).
 */
async function measureChildren(runtime, count) {
  // A first round makes the pools, code and buffers that later children share.
  const first = await runtime.create();
  await first.execute('x = 1');
  await first.branch({ count: Math.min(count, 300) });
  await first.executeInAll('x = 2');
  const fresh = await runtime.create();
  await fresh.execute('x = 1');

  const start = await memoryNow(runtime);
  await fresh.branch({ count });
  const branched = await memoryNow(runtime);
  await fresh.executeInAll('x = 2');
  const executed = await memoryNow(runtime);
  const accounted = await accountedBytes(runtime, fresh);
  return { count, start, branched, executed, accounted };
}

async function memoryNow(runtime) {
  // The catalog's queue is written out, so that it does not count as memory of children.
  await runtime.query('SELECT 1');
  collectGarbage();
  return { host: await steadyHostBytes(), control: process.memoryUsage().heapUsed };
}

/** The host's resident bytes once two readings in a row agree: workers may still be giving memory back. */
async function steadyHostBytes() {
  let before = descendantsResidentBytes();
  for (let reading = 0; reading < READINGS_MAX && before !== null; reading += 1) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const now = descendantsResidentBytes();
    if (Math.abs(now - before) < SETTLED_BYTES) return now;
    before = now;
  }
  return before;
}

let collect;
function collectGarbage() {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc');
  }
  collect();
}

/** What the substrate says that children add to their parent: at their birth, and after their execution. */
async function accountedBytes(runtime, parent) {
  const { childIds } = await parent.show();
  const few = childIds.slice(0, 10);
  for (const id of few) await (await runtime.world(id)).snapshot();
  const own = new Set(few);
  const rows = (await runtime.metrics(100_000)).filter((row) => own.has(row.entity_id));
  const bytes = (column) =>
    rows
      .filter((row) => row[column] !== null && row.memory_overhead_mb !== null)
      .map((row) => row.memory_overhead_mb * 1e6);
  return { idle: bytes('branch_time_ms'), executed: bytes('snapshot_time_ms') };
}

/** All rows come from one run. A row without a value says why it was skipped. */
async function measureAll(runtime, count) {
  const { start, branched, executed, accounted } = await measureChildren(runtime, count);
  const grown = (where, from, to) => {
    if (from[where] === null) return { skipped: 'this system has no /proc to read memory from' };
    const bytes = Math.max(0, Math.round((to[where] - from[where]) / count));
    return { n: count, p50: bytes, p95: bytes, p99: bytes };
  };
  return {
    'wasm.bytes_per_child': grown('host', start, executed),
    'wasm.bytes_per_child_control': grown('control', start, executed),
    'wasm.bytes_per_child_accounted': summarise(accounted.executed),
    'wasm.bytes_per_idle_child': grown('host', start, branched),
    'wasm.bytes_per_idle_child_control': grown('control', start, branched),
    'wasm.bytes_per_idle_child_accounted': summarise(accounted.idle),
  };
}

const row = (name, goal = null) => ({ name, unit: 'bytes', goal });

export const MEMORY = [
  {
    rows: [
      row('wasm.bytes_per_child', 65_536),
      row('wasm.bytes_per_child_control'),
      row('wasm.bytes_per_child_accounted'),
      row('wasm.bytes_per_idle_child', 2048),
      row('wasm.bytes_per_idle_child_control', 2048),
      row('wasm.bytes_per_idle_child_accounted'),
    ],
    samples: 1000,
    run: measureAll,
  },
];
