import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACTIONS } from '../../src/actions/table.js';
import { type SimulatedWr, simulatedWr } from './cli-simulated.js';

const folder = mkdtempSync(join(tmpdir(), 'wr-completion-test-'));
let wr: SimulatedWr;

beforeAll(() => {
  wr = simulatedWr();
  // Stands in for a `wr` with a daemon: what the scripts ask of it, and nothing else.
  const names = '#!/bin/sh\n[ "$1" = __complete ] || exit 9\necho "market market/nash mars" | tr " " "\\n"\n';
  writeFileSync(join(folder, 'wr'), names, { mode: 0o755 });
});
afterAll(() => {
  wr.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** What bash would offer after these words; the last one is being typed. */
async function offered(...words: string[]): Promise<string[]> {
  const script = (await wr.wr('completion', 'bash')).out;
  const ask = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wr; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask, 'bash', 'wr', ...words], {
    encoding: 'utf8',
    env: { PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` },
  });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').filter((line) => line !== '');
}

describe('the completion of bash', () => {
  test('offers every command, also after options of the program', async () => {
    const all = await offered('');
    for (const command of ['exec', 'push-down', 'repl', 'bisect', 'ledger', 'help', '--json']) {
      expect(all).toContain(command);
    }
    expect(all).not.toContain('__complete');
    expect(await offered('--data-dir', '/tmp/x', 'pu')).toEqual(['push-down', 'pull-up']);
    expect(await offered('help', 'bis')).toEqual(['bisect']);
  });

  test('offers options of the command, members of a group, and their options', async () => {
    expect(await offered('exec', '--ea')).toEqual(['--each']);
    expect(await offered('ledger', '')).toContain('deposit');
    expect(await offered('ledger', 'dep')).toEqual(['deposit']);
    expect(await offered('log', 'market', '--gr')).toEqual(['--graph']);
  });

  test('offers names of worlds and snapshots where they belong', async () => {
    expect(await offered('exec', 'mar')).toEqual(['market', 'market/nash', 'mars']);
    expect(await offered('diff', 'mar')).toEqual(['market', 'market/nash', 'mars']);
    expect(await offered('rewind', 'market', '--to', 'market/')).toEqual(['market/nash']);
    expect(await offered('create', '--seed', 'mar')).toEqual([]);
    expect(await offered('query', 'mar')).toEqual([]);
    expect(await offered('snapshots', 'rm', 'market/')).toEqual(['market/nash']);
    // A command that runs by itself and has members: both can stand there.
    expect(await offered('snapshots', 'm')).toEqual(['market', 'market/nash', 'mars']);
    expect(await offered('snapshots', 'r')).toEqual(['remove', 'rm', 'remove-snapshots']);
  });

  test('knows every action', async () => {
    const all = new Set(await offered(''));
    const script = (await wr.wr('completion', 'bash')).out;
    for (const name of Object.keys(ACTIONS)) {
      expect(all.has(name) || script.includes(name), name).toBe(true);
    }
  });
});

test('without a daemon there are no names, no error, and nothing is said', async () => {
  expect(await wr.wr('__complete', 'worlds')).toEqual({ code: 0, out: '', err: '' });
  expect(await wr.wr('__complete', 'nonsense')).toEqual({ code: 0, out: '', err: '' });
});

test('a shell that is not known is refused with those that are', async () => {
  expect(await wr.wr('completion', 'tcsh')).toMatchObject({
    code: 2,
    err: expect.stringMatching(/bash, zsh, fish/),
  });
});

describe.each(['zsh', 'fish'])('the script for %s', (shell) => {
  test('has every command and asks for names', async () => {
    const { out } = await wr.wr('completion', shell);
    for (const word of ['push-down', 'bisect', 'completion', '__complete', 'graph'])
      expect(out).toContain(word);
  });

  const isThere = spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0;
  if (!isThere)
    process.stdout.write(`skipped: ${shell} reads its completion script, because it is not installed\n`);
  test.skipIf(!isThere)('is read by it without complaint', async () => {
    const { out } = await wr.wr('completion', shell);
    const path = join(folder, `script.${shell}`);
    writeFileSync(path, out);
    const { stderr, status } = spawnSync(shell, ['-n', path], { encoding: 'utf8' });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });
});

describe('help', () => {
  test('on a command that there is not is wrong usage, with the nearest name', async () => {
    const said = await wr.wr('help', 'bisekt');
    expect(said).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/unknown command 'bisekt'[\s\S]*bisect/),
    });
    expect(await wr.wr('help', 'exec')).toMatchObject({ code: 0, out: expect.stringMatching(/--each/) });
    expect(await wr.wr('help', 'ledger')).toMatchObject({ code: 0 });
  });
});
