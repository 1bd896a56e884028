import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WorldRuntime } from '../dist/index.js';
import { paintFor } from '../dist/surfaces/cli/format/paint.js';
import { table } from '../dist/surfaces/cli/format/table.js';
import { CLI_DAEMON } from './cli-daemon.mjs';
import { COLD_START } from './cold-start.mjs';
import { compareResults, failures, machineDifferences, readResults } from './compare.mjs';
import { CPU } from './cpu.mjs';
import { DURABLE } from './durable.mjs';
import { FANOUT } from './fanout.mjs';
import { LATENCY } from './latency.mjs';
import { LEDGER } from './ledger.mjs';
import { describeMachine } from './machine.mjs';
import { MEMORY } from './memory.mjs';
import { REPLAY } from './replay.mjs';
import { SIBLINGS } from './siblings.mjs';
import { STORE } from './store.mjs';
import { WALLS } from './walls.mjs';

/** Each has one row, itself, or several `rows` that one run fills. */
const MEASUREMENTS = [
  ...COLD_START,
  ...CLI_DAEMON,
  ...LATENCY,
  ...FANOUT,
  ...SIBLINGS,
  ...MEMORY,
  ...STORE,
  ...DURABLE,
  ...REPLAY,
  ...CPU,
  ...WALLS,
  ...LEDGER,
];
/** With --quick, a measurement takes this part of its samples. */
const QUICK_PART = 0.1;

const HELP = `wr bench, or npm run bench -- OPTIONS: measures in data directories of its own

  --only NAME          measure only this; repeatable
  --list               names of the measurements, their units, goals and numbers of samples
  --n COUNT            samples of each measurement
  --quick              a tenth of the samples
  --json               JSON alone on stdout
  --compare FILE       compare with what an earlier run printed with --json
  --results FILE       take these results of an earlier run instead of measuring
  --fail-above FACTOR  with --compare: exit code 1 when a median is worse by more than this factor
  -h, --help           this text
`;

const options = readOptions(process.argv.slice(2));
if (options === null) process.exitCode = 2;
else if (options.help) process.stdout.write(HELP);
else if (options.list) list(options);
else await main(options);

async function main(options) {
  const { json, before, results } = options;
  const measured = results ?? (await bench(options));
  if (before === null) {
    const text = () => textOf(measured.machine, measured.results);
    process.stdout.write(json ? `${JSON.stringify(measured)}\n` : text());
    return;
  }
  const comparison = compareResults(before.results, measured.results);
  const machine = machineDifferences(before.machine, measured.machine);
  const failed = options.failAbove === null ? [] : failures(comparison, options.failAbove);
  if (json) {
    const compared = {
      ...measured,
      comparison: { rows: comparison, machine, failed: failed.map(({ name }) => name) },
    };
    process.stdout.write(`${JSON.stringify(compared)}\n`);
  } else {
    process.stdout.write(
      `${textOf(measured.machine, measured.results)}\n${comparisonText(comparison, machine)}`,
    );
  }
  if (failed.length === 0) return;
  const names = failed.map(({ name, ratio }) => `${name} (${ratio.toFixed(2)} times)`).join(', ');
  process.stderr.write(`worse by more than ${options.failAbove} times: ${names}\n`);
  process.exitCode = 1;
}

function comparisonText(comparison, machine) {
  const columns = ['name', 'unit', 'before', 'now', 'ratio', 'chance', ''].map((title, index) => ({
    title,
    right: index >= 2 && index <= 5,
  }));
  const rows = comparison.map(({ name, unit, before, after, ratio, band, verdict }) => [
    name,
    unit,
    before === null ? '' : number(before),
    after === null ? '' : number(after),
    ratio === null ? '' : ratio.toFixed(2),
    band === null ? '' : `±${Math.round(band * 100)} %`,
    verdict,
  ]);
  const differs =
    machine.length === 0 ? '' : `\nNot the same machine:\n${machine.map((one) => `  ${one}\n`).join('')}`;
  return table(paintFor(false), columns, rows) + differs;
}

function list({ json }) {
  const rows = MEASUREMENTS.flatMap((one) =>
    rowsOf(one).map(({ name, unit, goal }) => ({ name, unit, goal, samples: one.samples })),
  );
  const columns = ['name', 'unit', 'goal (p50)', 'samples'].map((title, index) => ({
    title,
    right: index > 1,
  }));
  const cells = rows.map(({ name, unit, goal, samples }) => [
    name,
    unit,
    goal === null ? '' : `<= ${goal}`,
    String(samples),
  ]);
  process.stdout.write(json ? `${JSON.stringify(rows)}\n` : table(paintFor(false), columns, cells));
}

function readOptions(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        only: { type: 'string', multiple: true, default: [] },
        n: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        compare: { type: 'string' },
        results: { type: 'string' },
        'fail-above': { type: 'string' },
      },
    });
    const failAbove = values['fail-above'] === undefined ? null : Number(values['fail-above']);
    if (failAbove !== null && !(failAbove >= 1)) throw new Error('--fail-above takes a factor, 1 or more');
    if (failAbove !== null && values.compare === undefined)
      throw new Error('--fail-above is about a comparison: give --compare FILE');
    const names = MEASUREMENTS.flatMap(rowsOf).map(({ name }) => name);
    const unknown = values.only.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new Error(`There is no measurement ${unknown}. There are: ${names.join(', ')}`);
    if (values.n !== undefined && !/^[1-9]\d{0,5}$/.test(values.n))
      throw new Error('--n takes a whole number, 1 or more');
    // Read before anything is measured: minutes are not spent on a file that cannot be read.
    const before = values.compare === undefined ? null : readResults(values.compare);
    const results = values.results === undefined ? null : readResults(values.results);
    return { ...values, before, results, failAbove, n: values.n === undefined ? null : Number(values.n) };
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

function rowsOf(measurement) {
  return measurement.rows ?? [measurement];
}

async function bench({ only, n, quick }) {
  const folder = mkdtempSync(join(tmpdir(), 'world-runtime-bench-'));
  const machine = describeMachine();
  const results = [];
  try {
    for (const measurement of MEASUREMENTS) {
      const wanted = rowsOf(measurement).filter(({ name }) => only.length === 0 || only.includes(name));
      if (wanted.length === 0) continue;
      process.stderr.write(`${wanted.map(({ name }) => name).join(', ')} ...\n`);
      const { samples } = measurement;
      const count = n ?? Math.max(1, Math.round(samples * (quick ? QUICK_PART : 1)));
      const measured = await measure(measurement, folder, count);
      for (const { name, unit, goal } of wanted) {
        results.push({ name, unit, goal, ...(measurement.rows ? measured[name] : measured) });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { machine, results };
}

/** Each measurement has a data directory of its own, so that none pays for what another left. */
async function measure(measurement, folder, count) {
  const dataDir = join(folder, String(performance.now()));
  mkdirSync(dataDir);
  const cache = join(folder, 'cache');
  // Only the engine's startup snapshot is handed on: building it takes seconds and is nobody's subject here.
  if (existsSync(cache)) cpSync(cache, join(dataDir, 'cache'), { recursive: true });
  try {
    if (measurement.runsAlone) return await measurement.run(dataDir, count);
    const runtime = await WorldRuntime.open({ dataDir });
    try {
      return await measurement.run(runtime, count);
    } finally {
      await runtime.close();
    }
  } finally {
    if (existsSync(join(dataDir, 'cache'))) cpSync(join(dataDir, 'cache'), cache, { recursive: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function textOf(machine, results) {
  const columns = ['name', 'unit', 'n', 'p50', 'p95', 'p99', 'goal (p50)', ''].map((title) => ({
    title,
    right: ['n', 'p50', 'p95', 'p99', 'goal (p50)'].includes(title),
  }));
  const text = table(paintFor(false), columns, results.map(rowOf));
  const { cpu, cores, memoryBytes, node, os, date, loadAverage } = machine;
  const gib = (memoryBytes / 1024 ** 3).toFixed(1);
  const load = loadAverage.map((one) => one.toFixed(2)).join(' ');
  return `${text}\n${cpu}, ${cores} cores, ${gib} GiB, ${os}, Node ${node}, ${date}, load ${load}\n`;
}

function rowOf({ name, unit, n, p50, p95, p99, goal, skipped, note }) {
  if (skipped !== undefined) return [name, unit, '', '', '', '', '', `skipped: ${skipped}`];
  const verdict = goal === null ? (note ?? '') : p50 <= goal ? 'met' : 'MISSED';
  const goalText = goal === null ? '' : `<= ${goal}`;
  return [name, unit, String(n), number(p50), number(p95), number(p99), goalText, verdict];
}

function number(value) {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}
