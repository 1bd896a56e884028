import { afterEach, describe, expect, test } from 'vitest';
import type { Machine } from '../../ports/substrate.js';
import { hostPids, memoryHas } from './testing/host-processes.js';
import {
  identityOf,
  isRunning,
  MemoryPageStore,
  openSubstrate,
  run,
  SPEC,
  until,
  value,
} from './testing/wasm-fixture.js';
import type { WasmSubstrate, WasmSubstrateOptions } from './wasm-substrate.js';

const opened: WasmSubstrate[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

async function open(options: Partial<WasmSubstrateOptions>): Promise<WasmSubstrate> {
  const substrate = await openSubstrate({ workers: 1, ...options });
  opened.push(substrate);
  return substrate;
}

/** Does `work` and says in which new processes, compared with before, something ran meanwhile. */
async function newHosts(work: () => Promise<unknown>): Promise<number[]> {
  const before = new Set(hostPids());
  await work();
  return hostPids().filter((pid) => !before.has(pid));
}

const SECRET = Buffer.from(`wr-tenant-secret-${process.pid}-${Math.trunc(performance.now() * 1000)}`);
/** Python that makes it without containing it. */
const PLANT = `kept = [bytes(c ^ 1 for c in bytes.fromhex("${Buffer.from(SECRET.map((byte) => byte ^ 1)).toString('hex')}")) for _ in range(100)]
open("kept", "wb").write(kept[0])
len(kept)`;
const TENANTS = ['acme', 'rival'].map((tenant, i) => identityOf(i + 1, { tenant }));
const [ACME, RIVAL] = TENANTS as [ReturnType<typeof identityOf>, ReturnType<typeof identityOf>];

describe.skipIf(process.platform !== 'linux')('a secret of one tenant', () => {
  async function twoTenants(substrate: WasmSubstrate): Promise<{ acme: number[]; rival: number[] }> {
    const [a, b] = [await substrate.boot(SPEC, ACME, {}), await substrate.boot(SPEC, RIVAL, {})];
    const acme = await newHosts(async () => expect(await value(a, PLANT)).toBe('100'));
    const rival = await newHosts(async () => expect(await value(b, 'x = 1\nx')).toBe('1'));
    return { acme, rival };
  }

  test('is in no memory of the host in which another tenant runs', async () => {
    const { acme, rival } = await twoTenants(await open({ isolate: 'tenant' }));
    expect([acme.length, rival.length]).toEqual([1, 1]);
    expect(memoryHas(acme[0]!, SECRET), 'the search finds it where it is').toBe(true);
    for (const pid of hostPids()) expect(memoryHas(pid, SECRET), `process ${pid}`).toBe(pid === acme[0]);
  }, 60_000);

  test('is in the one host of both when they are not kept apart', async () => {
    const substrate = await open({});
    const { pid } = await substrate.stats();
    const { rival } = await twoTenants(substrate);
    expect(rival).toEqual([]);
    expect(hostPids().filter((one) => memoryHas(one, SECRET))).toHaveLength(1);
    expect(isRunning(pid)).toBe(true);
  }, 60_000);

  test('goes with its host before another tenant runs where there is place for one only, and comes back to its own', async () => {
    const substrate = await open({ isolate: 'tenant', isolateHosts: 1 });
    const [a, b] = [await substrate.boot(SPEC, ACME, {}), await substrate.boot(SPEC, RIVAL, {})];
    const [first] = await newHosts(() => value(a, PLANT));
    expect(memoryHas(first!, SECRET)).toBe(true);
    const [second] = await newHosts(() => value(b, 'x = 1'));
    expect(isRunning(first!)).toBe(false);
    expect(hostPids().filter((pid) => memoryHas(pid, SECRET))).toEqual([]);
    const [third] = await newHosts(async () =>
      expect(await value(a, 'len(kept[0])')).toBe(`${SECRET.length}`),
    );
    expect(isRunning(second!)).toBe(false);
    expect(memoryHas(third!, SECRET)).toBe(true);
    expect(await value(b, 'x')).toBe('1');
  }, 60_000);
});

describe.skipIf(process.platform !== 'linux')('children of a world', () => {
  async function family(substrate: WasmSubstrate): Promise<{ hosts: number[][]; children: Machine[] }> {
    const parent = await substrate.boot(SPEC, ACME, {});
    const hosts = [await newHosts(() => value(parent, 'x = [1, 2, 3]\nopen("f", "w").write("text")'))];
    const state = await parent.snapshot({});
    const children: Machine[] = [];
    for (const number of [11, 12]) {
      const child = await substrate.restore(state, identityOf(number, { tenant: 'acme' }), {});
      children.push(child);
      hosts.push(
        await newHosts(async () =>
          expect(await value(child, `x.append(${number})\n(x, open("f").read())`)).toBe(
            `([1, 2, 3, ${number}], 'text')`,
          ),
        ),
      );
    }
    expect(await value(parent, 'x')).toBe('[1, 2, 3]');
    return { hosts, children };
  }

  test('each have a process with isolate world', async () => {
    const { hosts } = await family(await open({ isolate: 'world' }));
    expect(hosts.map((pids) => pids.length)).toEqual([1, 1, 1]);
    expect(new Set(hosts.flat()).size).toBe(3);
  }, 60_000);

  test('share that of their tenant with isolate tenant', async () => {
    const { hosts } = await family(await open({ isolate: 'tenant' }));
    expect(hosts.map((pids) => pids.length)).toEqual([1, 0, 0]);
  }, 60_000);

  test('are compared, and copy files, although they are in different hosts', async () => {
    const substrate = await open({ isolate: 'world' });
    const { children } = await family(substrate);
    const [a, b] = await Promise.all(children.map((child) => child.snapshot({})));
    const compared = await substrate.compare(a!, b!, {});
    expect(compared.pagesDiffering).toBeGreaterThan(0);
    const how = { clockNs: 1n, bounds: SPEC.limits };
    await run(children[0]!, 'open("/tmp/own", "w").write("of the first")');
    const source = await children[0]!.snapshot({});
    const copy = { kind: 'copy', path: '/tmp/own', to: '/tmp/got', source } as const;
    const edited = await substrate.editFiles(b!, [copy], how, {});
    const part = await substrate.readFile(edited.state, '/tmp/got', { offset: 0, length: 100 }, {});
    expect(Buffer.from(part.bytes).toString()).toBe('of the first');
    const again = await substrate.restore(edited.state, identityOf(12, { tenant: 'acme' }), {});
    expect(await value(again, '(x, open("/tmp/got").read())')).toBe("([1, 2, 3, 12], 'of the first')");
  }, 60_000);
});

test.skipIf(process.platform !== 'linux')(
  'many worlds make progress under a small bound of hosts, which is kept',
  async () => {
    const [worlds, rounds, hostsMax] = [5, 2, 2];
    const substrate = await open({ isolate: 'world', isolateHosts: hostsMax });
    const machines = await Promise.all(
      Array.from({ length: worlds }, (_, i) => substrate.boot(SPEC, identityOf(i + 1), {})),
    );
    let most = 0;
    const others = new Set(hostPids());
    const watch = setInterval(() => {
      most = Math.max(most, hostPids().filter((pid) => !others.has(pid)).length);
    }, 50);
    await Promise.all(
      machines.map(async (machine, i) => {
        await value(machine, `seen = [${i}]`);
        for (let round = 1; round < rounds; round++) await value(machine, `seen.append(${round})`);
      }),
    );
    clearInterval(watch);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(hostsMax);
    for (const [i, machine] of machines.entries()) expect(await value(machine, 'seen')).toBe(`[${i}, 1]`);
  },
  180_000,
);

test.skipIf(process.platform !== 'linux')(
  'an idle host is ended; what was in it comes back, also after a collection, which is told of it',
  async () => {
    const pageStore = new MemoryPageStore();
    const substrate = await open({ isolate: 'world', isolateIdleMs: 300, pageStore });
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    const collect = async (live: ReadonlySet<string>) =>
      (await pageStore.beginCollection()).collect({ live });
    const runAndIdle = async (code: string): Promise<void> => {
      const [pid] = await newHosts(() => value(machine, code));
      await until(() => !isRunning(pid!));
    };
    await runAndIdle('x = 41');
    expect(machine.isLost()).toBe(false);
    await collect(new Set(await substrate.keysInUse()));
    await runAndIdle('x += 1');
    await runAndIdle('x');
    // What was written for an earlier state is wanted by nobody any more.
    expect(pageStore.manifests.size).toBe(3);
    await collect(new Set(await substrate.keysInUse()));
    expect(pageStore.manifests.size).toBe(1);
    expect(await value(machine, 'x')).toBe('42');
    const [pid] = hostPids().slice(-1);
    await until(() => !isRunning(pid!));
    await collect(new Set());
    await expect(value(machine, 'x')).rejects.toMatchObject({ code: 'STATE_LOST' });
  },
  60_000,
);

test.skipIf(process.platform !== 'linux')(
  'a host that is lost takes nobody else with it',
  async () => {
    const substrate = await open({ isolate: 'world' });
    const [a, b] = [
      await substrate.boot(SPEC, identityOf(1), {}),
      await substrate.boot(SPEC, identityOf(2), {}),
    ];
    const [pid] = await newHosts(() => value(a, 'x = 1'));
    await value(b, 'y = 2');
    process.kill(pid!, 'SIGKILL');
    await until(() => a.isLost());
    await expect(value(a, 'x')).rejects.toMatchObject({ code: 'STATE_LOST' });
    expect(await value(b, 'y')).toBe('2');
    expect(b.isLost()).toBe(false);
  },
  60_000,
);

test('supports.isolation says whose code a host runs', async () => {
  for (const [isolate, name] of [
    ['none', 'one host for all worlds'],
    ['tenant', 'a host for each tenant'],
    ['world', 'a host for each world'],
  ] as const) {
    const { supports } = await open({ isolate });
    expect(supports.isolation.at(-1)).toMatchObject({ name, stands: true });
  }
});
