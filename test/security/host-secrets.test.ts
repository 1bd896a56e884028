import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { identityOf, openSubstrate, SPEC, value } from '../../src/substrates/wasm/testing/wasm-fixture.js';

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

/** Fields of a process after its name: state, parent, group. The first is the end of the name. */
function statOf(pid: number | string): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')')).split(' ');
}

/** The process and everything it started: behind bubblewrap the host is a grandchild. */
function family(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [[Number(name), Number(statOf(name)[2])] as const];
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
    // The descriptor by which the folder itself was read is gone by now.
    descriptors: readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    }),
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
    // A Ctrl-C in the terminal of the control process reaches none of them.
    const groups = family(pid).map((one) => Number(statOf(one)[3]));
    expect(groups).not.toContain(Number(statOf(process.pid)[3]));
    // The host itself has not even kept the startup snapshot. Its own code may just be read, by a thread that starts.
    const known =
      /^(\/dev\/null|pipe:.*|socket:.*|anon_inode:.*|\/proc\/\d+(\/.*)?|\/memfd:wasm-memory \(deleted\))$/;
    const kept = () =>
      family(pid)
        .map(inHandsOf)
        .find(({ commandLine }) => commandLine === host?.commandLine)?.descriptors;
    await expect.poll(() => kept()?.filter((to) => !known.test(to)), { timeout: 10_000 }).toEqual([]);
  },
);

test.skipIf(process.platform !== 'linux')('a process that has them is seen to', async () => {
  const file = openSync(join(dataDir, 'secret'), 'r');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)', TOKEN], {
    env: { TOKEN },
    stdio: ['ignore', 'ignore', 'ignore', file],
  });
  await once(child, 'spawn');
  const own = inHandsOf(child.pid ?? -1);
  expect(family(process.pid)).toContain(child.pid);
  child.kill('SIGKILL');
  closeSync(file);
  expect(own.environment).toContain(TOKEN);
  expect(own.commandLine).toContain(TOKEN);
  expect(own.descriptors.filter((to) => to.includes(TOKEN))).toHaveLength(1);
});
