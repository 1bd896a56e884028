import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import type { StateRef } from '../../ports/substrate.js';
import { decodeManifest, encodeManifest, rootOf } from './state-manifest.js';
import {
  cacheFolder,
  identityOf,
  isRunning,
  MemoryPageStore,
  openSubstrate,
  run,
  SPEC,
  until,
  value,
} from './testing/wasm-fixture.js';
import type { WasmSubstrate } from './wasm-substrate.js';

const pageStore = new MemoryPageStore();
const opened: { [Symbol.asyncDispose](): Promise<void> }[] = [];

const instances = new Map<'here' | 'there', WasmSubstrate>();

/** Two instances with a host each, as two processes would be. */
async function open(which: 'here' | 'there'): Promise<WasmSubstrate> {
  const known = instances.get(which);
  if (known !== undefined) return known;
  const substrate = await openSubstrate({ pageStore, workers: 2 });
  instances.set(which, substrate);
  opened.push(substrate);
  return substrate;
}
afterAll(async () => {
  for (const substrate of opened) await substrate[Symbol.asyncDispose]();
});

const SETUP = `
import os, random
data = {i: str(i) for i in range(20_000)}
gen = (i * i for i in range(10 ** 9)); next(gen); next(gen)
random.seed(3); random.random()
os.makedirs('deep/er')
handle = open('deep/er/file', 'w+'); handle.write('hello'); handle.seek(2)
big = open('big', 'wb'); _ = big.write(bytes(range(256)) * 64); big.close()
lost = open('lost', 'w+'); lost.write('orphan'); lost.seek(0); os.remove('lost')
os.chdir('deep')`;
const PROBE = `(len(data), data[19_999], next(gen), random.random(), handle.read(), lost.read(),
 os.getcwd()[-4:], os.listdir('er'), len(open('../big', 'rb').read()))`;

async function build(number: number) {
  const substrate = await open('here');
  const machine = await substrate.boot(SPEC, identityOf(number), {});
  const result = await run(machine, SETUP);
  expect(result.error).toBeNull();
  return { substrate, machine };
}

describe('durable states', () => {
  test('come back in another host with memory, generators, files and open descriptors', async () => {
    const { substrate, machine } = await build(1);
    const state = await machine.snapshot({});
    const durable = JSON.parse(JSON.stringify(await substrate.persist(state, {})));
    const expected = await value(machine, PROBE);
    const other = await open('there');
    const recalled = await other.recall(durable, {});
    const reopened = await other.restore(recalled, identityOf(1), {});
    expect(await value(reopened, PROBE)).toBe(expected);
    const again = await other.recall(durable, {});
    expect(await value(await other.restore(again, identityOf(1), {}), PROBE)).toBe(expected);
    // The original has moved on; what was persisted has not.
    expect(await value(machine, 'next(gen)')).not.toBe(await value(reopened, '4'));
  });

  test('share pages: a small change writes few, an unchanged state writes none', async () => {
    const { substrate, machine } = await build(2);
    const first = await substrate.persist(await machine.snapshot({}), {});
    const before = pageStore.pagesWritten;
    expect(await substrate.persist(await machine.snapshot({}), {})).toEqual(first);
    expect(pageStore.pagesWritten).toBe(before);
    await run(machine, 'small = 1');
    await substrate.persist(await machine.snapshot({}), {});
    expect(pageStore.pagesWritten - before).toBeGreaterThan(0);
    expect(pageStore.pagesWritten - before).toBeLessThan(200);
  });

  test('a recalled state is persisted again as the same bytes, and its pages are not sent twice', async () => {
    const { substrate, machine } = await build(3);
    const durable = await substrate.persist(await machine.snapshot({}), {});
    const other = await open('there');
    const used = async (): Promise<number> => (await other.stats()).slotsUsed;
    const recalled = await other.recall(durable, {});
    const once = await used();
    // Not all of them hold: those that the two states of this file share were there already.
    expect(await other.persist(recalled, {})).toEqual(durable);
    const states: StateRef[] = [];
    for (let i = 0; i < 5; i++) states.push(await other.recall(durable, {}));
    expect(await used()).toBe(once);
    for (const state of states) await other.discard(state);
    expect(await value(await other.restore(recalled, identityOf(3), {}), 'len(data)')).toBe('20000');
  });

  test('slots that were freed and reused are never mistaken for what they held', async () => {
    const { substrate, machine } = await build(4);
    const durable = await substrate.persist(await machine.snapshot({}), {});
    const other = await open('there');
    const expected = await value(machine, PROBE);
    for (let round = 0; round < 5; round++) {
      const state = await other.recall(durable, {});
      await other.discard(state);
      // The slots are free now (stats collects); fill them with something else.
      await other.stats();
      const noise = await other.boot(SPEC, identityOf(100 + round), {});
      await run(noise, `noise = bytes(4_000_000 + ${round}).replace(b"\\0", b"${round}")`);
      const kept = await noise.snapshot({});
      const back = await other.restore(await other.recall(durable, {}), identityOf(4), {});
      expect(await value(back, PROBE), `round ${round}`).toBe(expected);
      await back[Symbol.asyncDispose]();
      await noise[Symbol.asyncDispose]();
      await other.discard(kept);
    }
  });

  test('the base state itself can be persisted and recalled', async () => {
    const substrate = await open('here');
    const machine = await substrate.boot(SPEC, identityOf(5), {});
    const durable = await substrate.persist(await machine.snapshot({}), {});
    const other = await open('there');
    const back = await other.restore(await other.recall(durable, {}), identityOf(5), {});
    expect(await value(back, '6 * 7')).toBe('42');
  });

  test('a state of another base image is IMAGE_MISMATCH', async () => {
    const { substrate, machine } = await build(7);
    const durable = await substrate.persist(await machine.snapshot({}), {});
    const stored = await pageStore.readManifest(String(durable.data['key']));
    const manifest = decodeManifest(Buffer.from(stored.manifest), stored.references);
    const foreign = encodeManifest({ ...manifest, baseDigest: 'f'.repeat(64) });
    await pageStore.write('foreign', { manifest: foreign, references: stored.references, pages: [] });
    const data = { ...durable.data, key: 'foreign', root: rootOf(foreign, stored.references) };
    await expect(substrate.recall({ substrate: 'wasm', data }, {})).rejects.toMatchObject({
      code: 'IMAGE_MISMATCH',
    });
  });

  test('damage and strangers are refused by name', async () => {
    const { substrate, machine } = await build(6);
    const durable = await substrate.persist(await machine.snapshot({}), {});
    const key = String(durable.data['key']);
    const manifest = pageStore.manifests.get(key)!;
    pageStore.manifests.set(key, Buffer.from(manifest).fill(255, 60, 64));
    await expect(substrate.recall(durable, {})).rejects.toMatchObject({ code: 'PAGE_CORRUPT' });
    pageStore.manifests.delete(key);
    await expect(substrate.recall(durable, {})).rejects.toMatchObject({ code: 'STATE_LOST' });
    pageStore.manifests.set(key, manifest);
    const bad = { substrate: 'wasm', data: { ...durable.data, version: 2 } } as const;
    await expect(substrate.recall(bad, {})).rejects.toMatchObject({ code: 'BAD_INPUT' });
    const other = await openSubstrate({ pageStore, workers: 2 });
    opened.push(other);
    const lost = pageStore.references.get(key)!.at(-1)!;
    const page = pageStore.pages.get(lost)!;
    pageStore.pages.delete(lost);
    await expect(other.recall(durable, {})).rejects.toMatchObject({ code: 'PAGE_CORRUPT' });
    pageStore.pages.set(lost, page);
    expect(
      await value(await other.restore(await other.recall(durable, {}), identityOf(6), {}), 'len(data)'),
    ).toBe('20000');
  });
});

describe('processes', () => {
  test('when the control process is killed, its host goes too', async () => {
    const { pid, host } = await startControl('await new Promise(() => setInterval(() => undefined, 1000));');
    process.kill(pid, 'SIGKILL');
    await until(() => !isRunning(host), 5000);
  });

  test('a hanging guest does not keep the host of a killed control process alive', async () => {
    const code = `
      const machine = await substrate.boot({ limits: {} }, identity, {});
      machine.execute({ language: 'python', code: 'while True: pass', clockNs: 1n, balances: {},
        limits: { timeoutMs: 60000, memoryBytes: 2 ** 28, outputBytes: 1e6, fileBytes: 1e6, files: 1000 } },
        { write() {} }, {}).catch(() => undefined);
      await new Promise(() => setInterval(() => undefined, 1000));`;
    const { pid, host } = await startControl(code);
    await new Promise((resolve) => setTimeout(resolve, 300));
    process.kill(pid, 'SIGKILL');
    await until(() => !isRunning(host), 5000);
  });

  test('a control process that disposes ends by itself', async () => {
    const source = await controlSource('await substrate[Symbol.asyncDispose]();');
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', source], {
      timeout: 30_000,
    });
    expect(stdout).toContain('host');
  });
});

/** Source of a control process of its own that starts a host, tells its id, and goes on with `body`. */
async function controlSource(body: string): Promise<string> {
  const module = new URL('../../../dist/substrates/wasm/wasm-substrate.js', import.meta.url).href;
  return `
    import { createWasmSubstrate } from ${JSON.stringify(module)};
    const substrate = createWasmSubstrate({ pageStore: {}, cacheDir: ${JSON.stringify(await cacheFolder())}, workers: 2 });
    const identity = { worldId: 'wld_${'0'.repeat(26)}', generation: 0, verse: 'root', trit: 0, probability: '1',
      seed: 1n, commonRandomNumbers: false };
    console.log('host ' + (await substrate.stats()).pid);
    ${body}`;
}

async function startControl(body: string): Promise<{ pid: number; host: number }> {
  const child = execFile(process.execPath, ['--input-type=module', '-e', await controlSource(body)]);
  const host = await new Promise<number>((resolve, reject) => {
    child.stdout?.on('data', (text: string) => resolve(Number(/host (\d+)/.exec(text)?.[1])));
    child.on('exit', (code) => reject(new Error(`the control process ended with ${code}`)));
  });
  return { pid: child.pid ?? -1, host };
}
