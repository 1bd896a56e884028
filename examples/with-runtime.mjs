// What the example programs share: a runtime over a data directory that is thrown away at the end, or a given one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WorldRuntime } from 'world-runtime';

/**
 * Reads `--name value` options that are whole numbers, and `--data-dir`. Prints the usage and ends with status 2 when
 * the command line is not understood.
 *
 * @param defaults option -> [default, what it is]
 */
export function numbersFrom(defaults) {
  try {
    const options = Object.fromEntries(Object.keys(defaults).map((name) => [name, { type: 'string' }]));
    const { values } = parseArgs({ options: { ...options, 'data-dir': { type: 'string' } } });
    const numbers = Object.entries(defaults).map(([name, [byDefault]]) => [
      name,
      wholeNumber(name, values[name] ?? String(byDefault)),
    ]);
    return { ...Object.fromEntries(numbers), dataDir: values['data-dir'] };
  } catch (error) {
    const usage = Object.entries(defaults).map(
      ([name, [byDefault, meaning]]) => `  --${name} <n>  ${meaning} (${byDefault})`,
    );
    process.stderr.write(
      `${error.message}\nOptions:\n${usage.join('\n')}\n  --data-dir <path>  keep the worlds there\n`,
    );
    process.exit(2);
  }
}

function wholeNumber(name, text) {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} takes a whole number from 1, not ${text}`);
  return Number(text);
}

/** Opens a runtime, works with it and closes it, whatever happens. */
export async function withRuntime(dataDir, work) {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'world-runtime-example-'));
  try {
    const runtime = await WorldRuntime.open({ dataDir: folder });
    try {
      return await work(runtime);
    } finally {
      await runtime.close();
    }
  } finally {
    if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** The value of an execution that must succeed; a traceback of the guest becomes the error here. */
export async function evaluate(world, code) {
  const { ok, value, error } = await world.execute(code);
  if (!ok) throw new Error(`${world.name}: ${error.traceback}`);
  return value;
}

/** Lines with columns as wide as their widest cell; all but the first are aligned to the right. */
export function columns(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => String(row[i]).length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))),
    )
    .map((cells) => `${cells.join('  ').trimEnd()}\n`)
    .join('');
}
