import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identityOf, openSubstrate, SPEC, value } from '../../src/substrates/wasm/testing/wasm-fixture.js';
import { findSecondWall } from '../../src/substrates/wasm/walls/second-wall.js';

/** What the executor host has in its hands, looked at from outside: its environment, command line and descriptors. */
const TOKEN = `token-${process.pid}-${Math.trunc(performance.now())}`;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), `wr-${TOKEN}-`));
  await writeFile(join(dataDir, 'secret'), TOKEN);
  process.env['WR_TEST_SECRET'] = TOKEN;
});
afterAll(async () => {
  delete process.env['WR_TEST_SECRET'];
  await rm(dataDir, { recursive: true, force: true });
});

interface InHands {
  readonly environment: string;
  readonly commandLine: string;
  readonly descriptors: readonly string[];
}

/** The process and everything it started: behind bubblewrap the host is a grandchild. */
function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
        return [[Number(name), Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2])] as const];
      } catch {
        return [];
      }
    });
  const below = (of: number): number[] => [
    of,
    ...parents.filter(([, parent]) => parent === of).flatMap(([child]) => below(child)),
  ];
  return below(pid);
}

function inHandsOf(pid: number): InHands {
  return {
    environment: readFileSync(`/proc/${pid}/environ`, 'latin1'),
    commandLine: readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '),
    descriptors: readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`)),
  };
}

test.skipIf(process.platform !== 'linux')(
  'the executor host has no secret of the control process',
  async () => {
    await using substrate = await openSubstrate({ cacheDir: dataDir });
    const machine = await substrate.boot(SPEC, identityOf(1), {});
    expect(await value(machine, '6 * 7')).toBe('42');
    const { pid } = await substrate.stats();
    const found = family(pid).map(inHandsOf);
    expect(found.length).toBeGreaterThanOrEqual(1);
    const host = found.find(({ commandLine }) => commandLine.startsWith(`${process.execPath} `));
    expect(host?.commandLine).toContain('host/main.js');
    for (const { environment, commandLine, descriptors } of found) {
      // Behind bubblewrap its first process has the variables that it sets itself.
      expect(environment.replace(/^PWD=\/[^\0]*\0?/, '')).toBe('');
      expect(commandLine).not.toContain(TOKEN);
      expect(descriptors.filter((to) => to.includes(TOKEN) && !to.includes('/startup-'))).toEqual([]);
    }
    // The host itself has not even kept the startup snapshot.
    const known =
      /^(\/dev\/null|pipe:.*|socket:.*|anon_inode:.*|\/proc\/\d+(\/.*)?|\/memfd:wasm-memory \(deleted\))$/;
    expect(host?.descriptors.filter((to) => !known.test(to))).toEqual([]);
  },
);

test.skipIf(process.platform !== 'linux')('this test sees secrets where there are some', () => {
  const own = inHandsOf(process.pid);
  expect(own.commandLine.length).toBeGreaterThan(0);
  expect(own.descriptors.length).toBeGreaterThan(3);
  expect(family(process.ppid)).toContain(process.pid);
  expect(findSecondWall().parts.length).toBeGreaterThan(0);
});
