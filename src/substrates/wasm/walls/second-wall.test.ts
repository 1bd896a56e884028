import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { identityOf, openSubstrate, run, SPEC } from '../testing/wasm-fixture.js';
import { runProbe } from './probe-wall.js';
import { dataBytesOf, findSecondWall, usualPlaces } from './second-wall.js';

const places = usualPlaces();
const stands = findSecondWall().missing === '';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wr-walls-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('where it cannot stand', () => {
  test.each([
    [
      'another platform',
      { ...places, platform: 'darwin' as const },
      /Linux on x86-64 and arm64, and this is darwin/,
    ],
    [
      'another processor',
      { ...places, architecture: 'riscv64' },
      /this is linux on riscv64|this is \w+ on riscv64/,
    ],
    [
      'nothing compiled',
      { ...places, platform: 'linux' as const, architecture: 'x64', native: '/nonexistent' },
      /install a C compiler/,
    ],
  ])('%s: it says what is missing, and no part stands', (_, where, why) => {
    const { missing, parts, enclose } = findSecondWall(where);
    expect(missing).toMatch(why);
    expect(parts.length).toBeGreaterThanOrEqual(3);
    expect(parts.filter((part) => part.stands)).toEqual([]);
    expect(enclose).toBeNull();
  });

  test('no guest is run, by name, unless it is allowed', async () => {
    const findWall = () => findSecondWall({ ...places, native: '/nonexistent' });
    await using refusing = await openSubstrate({ findWall, allowWeakIsolation: false });
    await expect(refusing.boot(SPEC, identityOf(1), {})).rejects.toMatchObject({
      code: 'ISOLATION_MISSING',
      message: expect.stringMatching(/C compiler.*WORLD_ALLOW_WEAK_ISOLATION=1/),
      details: { missing: expect.stringContaining('compile') },
    });
    expect(
      refusing.supports.isolation.filter((part) => part.name.startsWith('kernel') && part.stands),
    ).toEqual([]);
    await using trusting = await openSubstrate({ findWall, allowWeakIsolation: true });
    const machine = await trusting.boot(SPEC, identityOf(1), {});
    expect((await run(machine, '6 * 7')).value).toBe('42');
  });

  test('it is looked for once', async () => {
    let looks = 0;
    const findWall = () => {
      looks++;
      return findSecondWall();
    };
    await using substrate = await openSubstrate({ findWall });
    expect(substrate.supports.replay).toBe(true);
    expect(looks).toBe(0);
    await substrate.boot(SPEC, identityOf(1), {});
    expect(substrate.supports.isolation.length).toBeGreaterThanOrEqual(5);
    expect(looks).toBe(1);
  });
});

describe.skipIf(!stands)('a part that does not do its work is found out', () => {
  /** A folder of native parts in which one is another program. */
  function withPart(name: 'launcher' | 'probe', script: string): string {
    const native = mkdtempSync(join(folder, 'native-'));
    cpSync(places.native, native, { recursive: true });
    rmSync(join(native, name));
    writeFileSync(join(native, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(native, name), 0o755);
    return native;
  }

  test('a launcher that builds no wall: the probe does what it wants', () => {
    const native = withPart('launcher', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"');
    const { missing, enclose } = findSecondWall({ ...places, native, bubblewrap: null });
    expect(missing).toMatch(
      /behind it a program could still do this: .*read-file.*socket-unix.*changing files/,
    );
    expect(enclose).toBeNull();
  });

  test('a launcher that fails: its sentence is told', () => {
    const native = withPart('launcher', 'echo "launcher: the kernel takes no seccomp filter" >&2; exit 103');
    expect(findSecondWall({ ...places, native, bubblewrap: null }).missing).toMatch(/no seccomp filter/);
  });

  test('a probe that does not come to its end proves nothing', () => {
    const lines = Array.from({ length: 100 }, (_, at) => `attempt-${at} 1`).join('\n');
    const probe = (text: string) => runProbe(() => ({ file: '/bin/echo', args: [text] }));
    expect(probe(`${lines}\nend 0`)).toMatchObject({ fault: null, succeeded: [] });
    expect(probe(lines).fault).not.toBeNull();
    expect(probe('end 0').fault).not.toBeNull();
    expect(probe(`${lines}\nread-file 0\nend 0`).succeeded).toEqual(['read-file']);
  });

  test('a bubblewrap that hides nothing: the launcher stands alone', () => {
    const bubblewrap = join(folder, 'bwrap');
    writeFileSync(bubblewrap, '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n', {
      mode: 0o755,
    });
    const { missing, parts } = findSecondWall({ ...places, bubblewrap });
    expect(missing).toBe('');
    expect(parts.map((part) => part.stands)).toEqual([true, true, false]);
    expect(parts.at(-1)?.detail).toMatch(/files of this machine are still there/);
  });

  test('a bubblewrap that does not start: its words are told', () => {
    const bubblewrap = join(folder, 'no-bwrap');
    writeFileSync(
      bubblewrap,
      '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2; exit 1\n',
      { mode: 0o755 },
    );
    expect(findSecondWall({ ...places, bubblewrap }).parts.at(-1)).toMatchObject({
      stands: false,
      detail: 'bwrap: No permissions to create new namespace',
    });
  });
});

test('a host may have the memory of all its workers and of the slab, and an end', () => {
  const gib = 2 ** 30;
  const small = dataBytesOf({ workers: 2, slabBudgetBytes: gib });
  expect(small).toBeGreaterThan(3 * gib);
  expect(dataBytesOf({ workers: 2, slabBudgetBytes: 5 * gib }) - small).toBe(4 * gib);
  expect(dataBytesOf({ workers: 3, slabBudgetBytes: gib }) - small).toBeGreaterThan(gib);
  expect(Number.isSafeInteger(dataBytesOf({ workers: 64, slabBudgetBytes: 32 * gib }))).toBe(true);
});
