import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ACTIONS } from '../../src/actions/table.js';
import { startWr, wr, wrJson } from './cli-process.js';

/** The real `wr` on the real engine: what a process of its own adds to cli-commands.test.ts. */

// Each process starts an engine: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 180_000 });

let folder: string;
let data: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-e2e-'));
  data = join(folder, 'data');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Holds the data directory with code that runs until it is stopped, and whose output has already come. */
async function startEndless(): Promise<ReturnType<typeof startWr>> {
  const started = startWr(data, ['exec', 'market', 'x = 666\nprint("begun", flush=True)\nwhile True: pass']);
  await started.said('begun');
  return started;
}

describe('a world', () => {
  test('survives the end of the process that made it', async () => {
    expect(await wr(data, 'create', 'market')).toMatchObject({ code: 0, err: '' });
    const first = await wr(
      data,
      'exec',
      'import os\nx = 6 * 7\nprint("hello")\nopen("f", "w").write("kept")\nx',
    );
    expect(first).toEqual({ code: 0, out: 'hello\n42\n', err: '' });
    expect(await wr(data, 'exec', 'market', 'x, open("f").read()')).toMatchObject({ out: "(42, 'kept')\n" });
  });

  test('is branched, pushed down and pulled up by processes that know it by name only', async () => {
    await wr(data, 'branch', 'market', '--child', 'copy=0');
    expect(await wr(data, 'exec', 'copy', 'x += 1; x')).toMatchObject({ code: 0, out: '43\n' });
    const pushed = ACTIONS['push-down'].output.parse(await wrJson(data, 'push-down', 'market'));
    expect(pushed.outcomes.map(({ name }) => name)).toEqual(['nash', 'optimal', 'chaos']);
    const code = 'import world\nx += {-1: 1, 0: 2, 1: 3}[world.trit]\nworld.report(cost=x)\nx';
    const items = ACTIONS['execute-in-all'].output.parse(await wrJson(data, 'exec-all', 'market', code));
    expect(items.map(({ execution }) => execution?.value)).toEqual(['43', '44', '45']);
    const resolved = ACTIONS['pull-up'].output.parse(
      await wrJson(data, 'pull-up', 'market', '--outcome', 'chaos'),
    );
    expect(resolved.winner.outcome).toBe('chaos');
    expect(await wr(data, 'exec', 'market', 'x')).toMatchObject({ out: '45\n' });
    expect(await wr(data, 'exec', 'copy', 'x')).toMatchObject({ out: '43\n' });
  });

  test('takes code from stdin, and raises with a traceback and exit code 1', async () => {
    const { ended } = startWr(data, ['exec', 'market', '-'], { stdin: 'def f():\n    return 1 / 0\nf()\n' });
    const { code, out, err } = await ended;
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Traceback[\s\S]*ZeroDivisionError: division by zero\n$/);
  });

  test('times out with exit code 5', async () => {
    const said = await wr(data, 'exec', 'market', 'while True: pass', '--timeout', '200ms');
    expect(said).toMatchObject({ code: 5, out: '' });
    expect(said.err).toContain('error EXECUTION_TIMEOUT');
  });
});

describe('Ctrl-C', () => {
  test('stops what runs; the world stays at its last state and can be used at once', async () => {
    const started = await startEndless();
    // A terminal sends it to the whole group, executor included.
    process.kill(-(started.child.pid as number), 'SIGINT');
    const { code, out, err } = await started.ended;
    expect({ code, out }).toEqual({ code: 130, out: 'begun\n' });
    expect(err).toContain('error INTERRUPTED');
    expect(await wr(data, 'exec', 'market', 'x')).toEqual({ code: 0, out: '45\n', err: '' });
    const [failed] = (await wrJson<{ failure_code: string }[]>(data, 'log', 'market', '--limit', '2')).slice(
      1,
    );
    expect(failed?.failure_code).toBe('INTERRUPTED');
  });

  test('does not wait for stdin', async () => {
    const started = startWr(data, ['exec', 'market', '-'], { stdin: null });
    await new Promise((done) => started.child.stdin?.write('left_behind = 1\n', done));
    // That it waits for more cannot be seen from here.
    await new Promise((done) => setTimeout(done, 1000));
    process.kill(-(started.child.pid as number), 'SIGINT');
    expect(await started.ended).toMatchObject({ code: 130, err: expect.stringMatching(/Nothing was done/) });
    expect(await wr(data, 'exec', 'market', "'left_behind' in globals()")).toMatchObject({ out: 'False\n' });
  });

  test('SIGTERM does the same, with its own exit code', async () => {
    const started = await startEndless();
    process.kill(started.child.pid as number, 'SIGTERM');
    expect(await started.ended).toMatchObject({ code: 143 });
    const report = await wrJson<{ ok: boolean }>(data, 'doctor');
    expect(report.ok).toBe(true);
  });
});

describe('a data directory', () => {
  test('belongs to one process: another one waits, and is told who has it', async () => {
    const started = await startEndless();
    const second = await wr(data, 'list', '--lock-wait', '100ms', '--json');
    expect(second).toMatchObject({ code: 4, out: '' });
    const { error } = JSON.parse(second.err) as { error: { code: string; details: { pid: number } } };
    expect(error).toMatchObject({ code: 'DATA_DIR_LOCKED', details: { pid: started.child.pid } });
    const waiting = startWr(data, ['list', '--lock-wait', '1m']);
    await new Promise((done) => setTimeout(done, 1500));
    process.kill(waiting.child.pid as number, 'SIGINT');
    expect(await waiting.ended).toMatchObject({ code: 130, out: '' });
    // The second Ctrl-C does not wait for anything.
    process.kill(started.child.pid as number, 'SIGINT');
    await new Promise((done) => setTimeout(done, 20));
    process.kill(started.child.pid as number, 'SIGINT');
    expect(await started.ended).toMatchObject({ code: 130 });
  });

  test('loses nothing when the process is killed', async () => {
    await wr(data, 'exec', 'market', 'y = "acknowledged"');
    const started = await startEndless();
    process.kill(-(started.child.pid as number), 'SIGKILL');
    await started.ended;
    expect(await wr(data, 'exec', 'market', 'y')).toMatchObject({ code: 0, out: "'acknowledged'\n" });
  });

  test('is fenced from queries', async () => {
    const target = join(folder, 'stolen.csv');
    for (const sql of [
      `COPY (SELECT 1) TO '${target}'`,
      `SELECT * FROM read_csv('/etc/passwd')`,
      'DELETE FROM worlds',
      "ATTACH 'other.db'",
    ]) {
      const said = await wr(data, 'query', sql);
      expect(said, sql).toMatchObject({ code: 2, out: '' });
      expect(said.err, sql).toContain('QUERY_REFUSED');
    }
    expect(existsSync(target)).toBe(false);
  });
});

describe('streams', () => {
  test('a reader that goes away is no error', () => {
    const bin = resolve(import.meta.dirname, '../../bin/wr.js');
    const pipe = `'${process.execPath}' '${bin}' query 'SELECT * FROM range(30000)' --rows-max 30000; echo "code $?" >&2`;
    const { stdout, stderr } = spawnSync('sh', ['-c', `{ ${pipe}; } | head -1`], {
      env: { ...process.env, WORLD_DATA_DIR: data },
      encoding: 'utf8',
    });
    expect({ stdout: stdout.trim(), stderr }).toEqual({ stdout: 'range', stderr: 'code 0\n' });
  });

  test('a long output arrives whole', async () => {
    const { out } = await wr(data, 'query', 'SELECT * FROM range(30000)', '--rows-max', '30000');
    expect(out.trim().split('\n')).toHaveLength(30_001);
  });
});
