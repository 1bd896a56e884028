import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { branch } from '../../src/runtime/branch.js';
import { Row, snapshotModel } from '../../src/runtime/model-snapshot.js';
import { isPlainRow } from '../../src/runtime/plain-rows.js';
import { snapshotWorld } from '../../src/runtime/snapshot-world.js';
import { openTestRuntime } from '../support/test-runtime.js';
import { named, newWorld, run } from '../support/verbs.js';

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 40) * 100;

/** Rows of a small history. */
async function rows(): Promise<string[]> {
  const t = await openTestRuntime();
  await newWorld(t, 'w', { metadata: { note: 'x' } });
  await run(t, named(t, 'w'), 'set x 1\nreport cost 3/2 value -1');
  await snapshotWorld(t.context, named(t, 'w'), 'first', {});
  await branch(t.context, named(t, 'w'), { count: 2 }, {});
  await run(t, named(t, 'w/1'), 'add x 1');
  const lines = [...snapshotModel(t.context.model, null)];
  t.abandon();
  return lines;
}

/** Every place in a JSON value, as the object or list that holds it and its key there. */
function placesOf(value: unknown): [Record<string, unknown>, string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [
    [holder, key] as [typeof holder, string],
    ...placesOf(holder[key]),
  ]);
}

const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1,
  1.5,
  1e300,
  2 ** 53,
  '',
  'x',
  '7',
  '-7',
  '99999999999999999999',
  'python',
  'root',
  'files',
  'boot',
  'execution',
  'wasm',
  'running',
  [],
  {},
  [1],
  { x: 1 },
  'wld_',
  'wld_01M836Z92RG8JJ19V24KGV2BSV\n',
  'stt_01M836Z92RG8JJ19V24KGV2BSV',
  'vrs_4f53cda18c2baa0c0354bb5f9a3ecbe5',
  'wld_01M836Z92RG8JJ19V24KGV2BSI',
];

const change = fc.record({
  row: fc.nat(),
  place: fc.nat(),
  how: fc.constantFrom('replace', 'remove', 'add', 'proto'),
  value: fc.oneof(fc.constantFrom(...VALUES), fc.jsonValue()),
});

describe('rows of a checkpoint that are taken without asking the schema', () => {
  it('are worlds, states and snapshots as they are usually', async () => {
    const kinds = ['world', 'state', 'snapshot'];
    for (const line of await rows()) {
      const row = JSON.parse(line) as { kind: string };
      expect(isPlainRow(row), line).toBe(kinds.includes(row.kind));
    }
  });

  it('are refused for each value in each place that the schema would refuse or change', async () => {
    const lines = (await rows()).filter((line) => isPlainRow(JSON.parse(line)));
    let [taken, refused] = [0, 0];
    const ask = (text: string): void => {
      const changed: unknown = JSON.parse(text);
      if (!isPlainRow(changed)) {
        refused += 1;
        return;
      }
      taken += 1;
      const parsed = Row.safeParse(changed);
      if (!parsed.success || !isDeepStrictEqual(parsed.data, changed)) expect.fail(text);
    };
    for (const line of lines) {
      const json = JSON.parse(line) as unknown;
      for (const [holder, key] of placesOf(json)) {
        const before = holder[key];
        const longer = typeof before === 'string' ? [`${before}\n`, `x${before}`, before.slice(0, -1)] : [];
        for (const value of [...VALUES, ...longer]) {
          holder[key] = value;
          ask(JSON.stringify(json));
        }
        holder[key] = before;
      }
      for (const { index } of line.matchAll(/\{/g)) {
        const rest = line.slice(index + 1);
        for (const value of ['"x"', '1', 'null', '{}'])
          ask(`${line.slice(0, index)}{"__proto__":${value}${rest.startsWith('}') ? '' : ','}${rest}`);
      }
    }
    expect(taken).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(taken);
  });

  it('are such that the schema would answer them as they are, whatever is changed in them', async () => {
    const lines = (await rows()).filter((line) => isPlainRow(JSON.parse(line)));
    let [taken, refused] = [0, 0];
    fc.assert(
      fc.property(change, ({ row, place, how, value }) => {
        let text = lines[row % lines.length] ?? '';
        const json = JSON.parse(text) as unknown;
        const places = placesOf(json);
        const [holder, key] = places[place % places.length] ?? [{}, ''];
        if (how === 'replace') holder[key] = value;
        else if (how === 'remove') delete holder[key];
        else if (how === 'add') holder['extra'] = value;
        text = JSON.stringify(json);
        if (how === 'proto') text = text.replace('{"', '{"__proto__":{"x":"1"},"');
        const changed: unknown = JSON.parse(text);
        if (!isPlainRow(changed)) {
          refused += 1;
          return;
        }
        taken += 1;
        const parsed = Row.safeParse(changed);
        expect(parsed.success, text).toBe(true);
        expect(isDeepStrictEqual(parsed.data, changed), text).toBe(true);
      }),
      { numRuns: RUNS },
    );
    expect(taken).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(taken);
  });
});
