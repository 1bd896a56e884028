import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { composeRuntime } from '../../src/compose.js';
import type { IsolationMode } from '../../src/model/isolation-mode.js';
import { hostPids } from '../../src/substrates/wasm/testing/host-processes.js';
import { RuntimeClient } from '../../src/surfaces/client/runtime-client.js';
import { wr, wrJson } from './cli-process.js';
import { startDaemon, stopDaemon } from './daemon-process.js';

/** The real runtime and the real `wr` with executor hosts that are not shared. */

vi.setConfig({ testTimeout: 180_000 });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-isolate-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(['world', 'tenant'] as const)(
  'a runtime with isolate %s and two hosts',
  (isolate: IsolationMode) => {
    test('does all verbs, recovers when its hosts are killed, and forgets nothing that it needs', async () => {
      const dataDir = join(folder, `runtime-${isolate}`);
      const open = () => composeRuntime({ dataDir, workers: 2, isolate, isolateHosts: 2 });
      let runtime = await open();
      try {
        const client = new RuntimeClient(runtime.transport);
        const market = await client.create({ name: 'market', tenant: 'acme' });
        const other = await client.create({ name: 'other', tenant: 'rival' });
        expect((await other.execute('y = 5')).ok).toBe(true);
        await market.execute('x = 42\nopen("/tmp/f", "w").write("kept")');
        const { verses } = await market.pushDown();
        expect(Object.values(verses)).toHaveLength(3);
        const items = await market.executeInAll('import world\nx += {-1: 1, 0: 2, 1: 3}[world.trit]\nx');
        expect(items.map(({ execution }) => execution?.value)).toEqual(['43', '44', '45']);
        await market.pullUp({ outcome: 'chaos' });
        expect((await market.execute('x, open("/tmp/f").read()')).value).toBe("(45, 'kept')");
        await client.collectGarbage();
        expect((await other.execute('y')).value).toBe('5');
        const [child] = await market.branch({ count: 1 });
        expect((await child!.execute('x += 100\nx')).value).toBe('145');
        expect((await child!.show()).tenant).toBe('acme');
        expect((await child!.diff(market.name)).files).toBeDefined();
        for (const pid of hostPids()) process.kill(pid, 'SIGKILL');
        expect((await child!.execute('x += 1\nx')).value).toBe('146');
        expect((await other.execute('y')).value).toBe('5');
        expect((await child!.verify()).executions).toBeGreaterThan(2);
        await client.collectGarbage();
        expect((await market.execute('x')).value).toBe('45');
        await runtime.close();
        runtime = await open();
        const again = new RuntimeClient(runtime.transport);
        const reborn = await again.world(child!.id);
        expect((await reborn.execute('x')).value).toBe('146');
        expect((await reborn.show()).tenant).toBe('acme');
      } finally {
        await runtime.close();
      }
    });
  },
);

describe('wr', () => {
  const data = (): string => join(folder, 'cli');
  afterAll(() => stopDaemon(data()), 60_000);

  test('has worlds of tenants, which children inherit and snapshots keep', async () => {
    expect(await wr(data(), 'create', 'market', '--tenant', 'acme')).toMatchObject({ code: 0 });
    expect((await wr(data(), 'create', 'plain')).out).toMatch(/tenant +default/);
    expect((await wr(data(), 'show', 'market')).out).toMatch(/tenant +acme/);
    await wr(data(), 'branch', 'market', '--child', 'copy=0');
    expect(await wrJson(data(), 'show', 'copy')).toMatchObject({ tenant: 'acme' });
    await wr(data(), 'snapshot', 'market', 'pre');
    expect(await wrJson(data(), 'create', 'again', '--snapshot', 'pre')).toMatchObject({ tenant: 'acme' });
    const refused = await wr(data(), 'create', 'stolen', '--snapshot', 'pre', '--tenant', 'rival');
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain('of tenant acme, cannot become a world of tenant rival');
  });

  test('runs code in hosts of its own when it is told so, and tells', async () => {
    expect(await wr(data(), '--isolate', 'world', 'exec', 'market', '6 * 7')).toMatchObject({ out: '42\n' });
    expect((await wr(data(), '--isolate', 'tenant', 'doctor')).out).toContain(
      'a host for each tenant: stands; isolate is tenant; at most 8 hosts at a time',
    );
    expect((await wr(data(), 'doctor')).out).toContain('one host for all worlds: stands; isolate is none');
    const unknown = await wr(data(), '--isolate', 'galaxy', 'exec', 'market', '1');
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('none, tenant, world');
  });

  test('is refused by a daemon that keeps less apart, and tells what that daemon does', async () => {
    await startDaemon(data(), '--isolate', 'tenant');
    const refused = await wr(data(), '--isolate', 'world', 'exec', 'market', '1');
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/the running daemon has isolate tenant[\s\S]*wr up --isolate world/);
    expect(await wr(data(), '--isolate', 'tenant', 'exec', 'market', '1 + 1')).toMatchObject({ out: '2\n' });
    const status = await wrJson<{ substrates: { isolation: string[] }[] }>(data(), 'status');
    expect(status.substrates[0]?.isolation).toContain('a host for each tenant');
  });
});
