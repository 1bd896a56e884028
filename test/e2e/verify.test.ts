import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeRuntime } from '../../src/compose.js';
import type { VerifyView } from '../../src/model/history-api.js';
import { streamAt } from '../../src/model/split-mix.js';
import { callAction } from '../../src/surfaces/cli/action-command.js';
import { wr, wrJson } from './cli-process.js';

let data: string;
beforeAll(() => {
  data = join(mkdtempSync(join(tmpdir(), 'wr-verify-')), 'data');
});
afterAll(() => rmSync(join(data, '..'), { recursive: true, force: true }));

/** Executions of the commit's own kind: `VERIFY_EXECUTIONS` runs more. */
const EXECUTIONS = Number(process.env['VERIFY_EXECUTIONS'] ?? '120');

const LINES = [
  'import random, os, time, uuid\nL = [random.random() for _ in range(%)]',
  'd = {str(i): os.urandom(4) for i in range(%)}',
  'class C%:\n    x = %\nobjects = [C%() for _ in range(50)]',
  'open("f%", "w").write(str(uuid.uuid4()) * %)',
  'g = (i * i for i in range(10**9)); [next(g) for _ in range(%)]',
  'def deep(n): return 0 if n == 0 else 1 + deep(n - 1)\ndeep(% + 100)',
  'try:\n    def endless(): return endless()\n    endless()\nexcept RecursionError as e: caught = str(e)',
  'a = b = None\nfor _ in range(2000): a, b = [a], [b]\ntry: same = a == b\nexcept RecursionError: same = None',
  'import gc, json; json.dumps(list(range(%))); gc.collect()',
  'time.time(), time.sleep(%), hash("x"), {object() for _ in range(%)} and None',
  'big = bytearray(% * 5000)',
  '1 / (% - %)',
];

test(
  'a long random history runs again in another process to the same results and roots',
  async () => {
    const seed = BigInt(process.env['VERIFY_SEED'] ?? '20264');
    process.stdout.write(`verify seed ${seed} (VERIFY_SEED, VERIFY_EXECUTIONS)\n`);
    let drawn = 0;
    const pick = (below: number) => Number(streamAt(seed, drawn++) % BigInt(below));
    const runtime = await composeRuntime({ dataDir: data, workers: 2 });
    const { transport } = runtime;
    let branched = 0;
    try {
      // What was forgotten could not be verified.
      await transport.call('create', { name: 'long', retainStates: EXECUTIONS + 1 }, {});
      for (let i = 0; i < EXECUTIONS; i++) {
        const code = LINES[pick(LINES.length)]!.replaceAll('%', String(1 + pick(300)));
        await transport.call('execute', { world: 'long', code }, {});
        // The worker it runs in has been elsewhere, now and then.
        if (pick(10) > 0) continue;
        const { children } = await callAction(transport, 'branch', { world: 'long', count: 1 });
        branched += 1;
        const junk = 'junk = [bytearray(1000) for _ in range(500)]';
        await transport.call('execute', { world: children[0]!.id, code: junk }, {});
      }
    } finally {
      await runtime.close();
    }
    expect(branched).toBeGreaterThan(3);

    const view = await wrJson<VerifyView>(data, 'verify', 'long');
    expect(view.executions).toBe(EXECUTIONS);
    const executions = view.stretches.flatMap((stretch) => stretch.executions);
    expect(executions.every(({ root }) => /^[0-9a-f]{64}$/.test(root ?? ''))).toBe(true);
    // All were compared: the runtime was closed, so that no root was lost.
    expect(executions.filter(({ rootRecorded }) => rootRecorded)).toHaveLength(EXECUTIONS);
    expect(new Set(executions.map(({ root }) => root)).size).toBe(EXECUTIONS);
  },
  120_000 + EXECUTIONS * 200,
);

test('a history that is not what the journal says is named, on real Python', async () => {
  const runtime = await composeRuntime({ dataDir: data, workers: 1 });
  const { model } = runtime.context;
  const world = model.worldsByName.get('long')!;
  const { origin } = model.state(world.head);
  if (origin.kind !== 'execution') throw new Error('an execution made it');
  const call = () =>
    runtime.transport.call('verify', { world: 'long', from: origin.execution.parentState }, {});
  try {
    await call();
    model.state(world.head).root = '0'.repeat(64);
    await expect(call()).rejects.toMatchObject({ code: 'RECOVERY_DIVERGED' });
  } finally {
    await runtime.close();
  }
}, 120_000);

test('is a command with a table, progress and errors that say what to do', async () => {
  await wr(data, 'create', '--name', 'short');
  await wr(data, 'exec', 'short', 'x = 1');
  await wr(data, 'snapshot', 'short', 'one');
  await wr(data, 'exec', 'short', 'x += 1');
  const { out, code } = await wr(data, 'verify', 'short');
  expect(code).toBe(0);
  expect(out).toMatch(/NUMBER +EXECUTION +IN +STATE +ROOT +SAME/);
  expect(out).toMatch(/from the base image/);
  expect(out).toMatch(/2 +exe_\w+ +short +stt_\w+ +[0-9a-f]{16} +result, root/);
  expect(out).toMatch(/2 executions of world short ran again in a fresh executor/);
  expect((await wr(data, 'verify', 'short', '--from', 'one')).out).toMatch(/1 execution of world short/);
  expect(await wr(data, 'verify', 'nobody')).toMatchObject({ code: 3 });
});
