import { realpathSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findSecondWall, type SecondWall, usualPlaces } from '../../src/substrates/wasm/walls/second-wall.js';
import { OpenHost, openHostCommand } from '../../src/substrates/wasm/walls/testing/open-host-client.js';
import { AttackTargets } from './attack-targets.js';
import { HOST_ATTACKS, type HostAttack } from './host-attacks.js';

/**
 * Wall two with wall one open: the host runs whatever JavaScript it is given, in its main thread and in a worker. Every attack
 * must succeed where no wall stands, or it proves nothing, and must have no effect behind the wall.
 */
const SIZE = { workers: 2, slabBudgetBytes: 2 ** 30 };
const targets = new AttackTargets();
const places = usualPlaces();

beforeAll(() => targets.open());
afterAll(() => targets.close());

async function happens(host: OpenHost, where: 'main' | 'worker', attack: HostAttack): Promise<boolean> {
  await targets.reset();
  const { value } = await host.run(where, attack.code, targets.target);
  await targets.settled();
  return attack.happened(targets, value);
}

function plain(): OpenHost {
  return new OpenHost(openHostCommand());
}

function behind({ enclose }: SecondWall): OpenHost {
  if (enclose === null) throw new Error('there is no wall');
  return new OpenHost(enclose(openHostCommand(), SIZE));
}

test('there are attacks of every kind', () => {
  expect(HOST_ATTACKS.length).toBeGreaterThanOrEqual(45);
  expect(new Set(HOST_ATTACKS.map(({ name }) => name)).size).toBe(HOST_ATTACKS.length);
});

describe.each(['main', 'worker'] as const)('without the wall, in the %s thread', (where) => {
  let host: OpenHost;
  beforeAll(() => {
    host = plain();
  });
  afterAll(() => host.close());

  test.each(HOST_ATTACKS.map((attack) => [attack.name, attack] as const))('%s', async (_, attack) => {
    expect(await happens(host, where, attack)).toBe(true);
  });
});

const wall = findSecondWall();
const launcherAlone = findSecondWall({ ...places, bubblewrap: null });
const WALLS = [
  {
    name: 'the launcher alone',
    found: launcherAlone,
    stands: launcherAlone.enclose !== null,
    need: 'SECOND_WALL',
  },
  {
    name: 'the launcher and bubblewrap',
    found: wall,
    stands: wall.parts.some((part) => part.name.includes('bubblewrap') && part.stands),
    need: 'BUBBLEWRAP',
  },
];

describe.each(WALLS)('behind $name', ({ found, stands, need }) => {
  const why = found.missing === '' ? (found.parts.at(-1)?.detail ?? '') : found.missing;
  test(`the wall stands${stands ? '' : ` (not here: ${why})`}`, ({ skip }) => {
    if (!stands && process.env[`REQUIRE_${need}`] !== '1') skip(why);
    expect(stands).toBe(true);
  });
  if (!stands) return;

  describe.each(['main', 'worker'] as const)('in the %s thread, no attack', (where) => {
    let host: OpenHost;
    beforeAll(() => {
      host = behind(found);
    });
    afterAll(() => host.close());

    test.each(HOST_ATTACKS.map((attack) => [attack.name, attack] as const))('%s', async (_, attack) => {
      expect(await happens(host, where, attack)).toBe(false);
      // It was refused, not run by a host that had ended or never answered.
      expect(await host.run(where, 'return 6 * 7')).toMatchObject({ value: 42 });
    });
  });

  test('it has no environment, no privileges, and the descriptors of its connections only', async () => {
    const host = behind(found);
    const code = `const fs = require('node:fs');
      const status = fs.readFileSync('/proc/self/status', 'utf8');
      const number = (name) => status.match(new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm'))[1];
      const descriptors = fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return 'gone'; } });
      return { environment: { ...process.env }, capabilities: ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'].map(number), noNewPrivs: number('NoNewPrivs'), seccomp: number('Seccomp'), descriptors };`;
    const { value } = await host.run('main', code);
    await host.close();
    const facts = value as { environment: object; capabilities: string[]; descriptors: string[] };
    expect(facts).toMatchObject({ environment: {}, noNewPrivs: '1', seccomp: '2' });
    expect(new Set(facts.capabilities)).toEqual(new Set(['0000000000000000']));
    const known = /^(\/dev\/null|pipe:.*|socket:.*|anon_inode:.*|\/proc\/\d+|\/proc\/\d+\/fd|gone)$/;
    expect(facts.descriptors.filter((to) => !known.test(to))).toEqual([]);
    // The control connection, and the two that its output goes to.
    expect(facts.descriptors.filter((to) => to.startsWith('socket:'))).toHaveLength(3);
  });

  test('limits are in force', async () => {
    const host = behind(found);
    const { value } = await host.run(
      'main',
      `return require('node:fs').readFileSync('/proc/self/limits', 'utf8');`,
    );
    await host.close();
    const limits = String(value);
    expect(limits).toMatch(/Max core file size +0 +0 /);
    expect(limits).toMatch(/Max open files +960 +960 /);
    expect(limits).toMatch(new RegExp(`Max file size +${2 ** 30} +${2 ** 30} `));
    expect(limits).toMatch(/Max data size +[1-9]\d{9,10} +[1-9]\d{9,10} /);
  });

  test.each(['main', 'worker'] as const)(
    'the kernel still tells the %s thread which pages were written',
    async (where) => {
      const host = behind(found);
      const module = new URL('../../dist/substrates/wasm/executor/written-pages.js', import.meta.url).href;
      const code = `const { WrittenPages, loadWrittenPages } = await import(target.module);
      const addon = loadWrittenPages();
      const memory = new WebAssembly.Memory({ initial: 16, maximum: 64 });
      const record = addon === null ? null : WrittenPages.begin(() => memory.buffer, addon);
      if (record === null) return { addon: addon !== null, pages: null };
      for (const page of [3, 70]) new Uint8Array(memory.buffer)[page * 4096] = 1;
      return { addon: true, pages: [...record.list(0, memory.buffer.byteLength)] };`;
      // The same question without the wall: an old kernel answers neither.
      const [walled, free] = [host, plain()];
      const [inside, outside] = [
        await walled.run(where, code, { module }),
        await free.run(where, code, { module }),
      ];
      await Promise.all([walled.close(), free.close()]);
      expect(inside.value).toEqual(outside.value);
      expect(inside.value).toMatchObject({ addon: true });
      if (process.env['REQUIRE_SECOND_WALL'] === '1')
        expect(inside.value).toEqual({ addon: true, pages: [3, 70] });
    },
  );

  test('the wall is around this very program', () => {
    const command = found.enclose?.(openHostCommand(), SIZE);
    expect(command?.args.slice(-3)[0]).toBe(realpathSync(process.execPath));
  });
});
