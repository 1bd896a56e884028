import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
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

/** Whether a shell is installed. REQUIRE_SHELLS=1 says that it must be. */
function isInstalled(shell: string): boolean {
  const isThere = spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0;
  if (!isThere && process.env['REQUIRE_SHELLS'] === '1') {
    throw new Error(`REQUIRE_SHELLS=1, and there is no ${shell}`);
  }
  return isThere;
}

const SHELL_ENV = { PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, TERM: 'dumb', HOME: folder };

describe.skipIf(!isInstalled('fish'))('the completion of fish (skipped where it is not installed)', () => {
  /** What fish would offer after this text. */
  async function offers(line: string): Promise<string[]> {
    const path = join(folder, 'wr.fish');
    writeFileSync(path, (await wr.wr('completion', 'fish')).out);
    const ask = `source ${path}; complete -C ${JSON.stringify(line)}`;
    const { stdout, stderr, status } = spawnSync('fish', ['--no-config', '-c', ask], {
      encoding: 'utf8',
      env: SHELL_ENV,
      cwd: folder,
    });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    return stdout
      .split('\n')
      .filter((each) => each !== '')
      .map((each) => each.split('\t')[0] ?? '');
  }

  test('offers commands, members, options and names where they belong', async () => {
    const all = await offers('wr ');
    for (const command of ['exec', 'push-down', 'repl', 'bisect', 'ledger', 'help'])
      expect(all).toContain(command);
    expect(all).not.toContain('mars');
    expect(all).not.toContain('deposit');
    expect(await offers('wr --data-dir /tmp/x pu')).toEqual(['pull-up', 'push-down']);
    expect(await offers('wr exec --ea')).toEqual(['--each']);
    expect(await offers('wr exec mar')).toEqual(['market', 'market/nash', 'mars']);
    expect(await offers('wr ledger dep')).toEqual(['deposit']);
    expect(await offers('wr rewind market --to market/')).toEqual(['market/nash']);
    expect(await offers('wr snapshots rm market/')).toEqual(['market/nash']);
    expect(await offers('wr help bis')).toEqual(['bisect']);
    // An option of one member is not offered behind another of the same group, nor behind a command of the member's name.
    expect(await offers('wr image create --pre')).toEqual(['--preamble']);
    expect(await offers('wr image list --pre')).toEqual([]);
    expect(await offers('wr list --pre')).toEqual([]);
    // A folder, although the option of that name of another command wants a state.
    expect(await offers('wr archive --to wr.f')).toEqual(['wr.fish']);
  });
});

describe.skipIf(!isInstalled('zsh') || spawnSync('script', ['--version']).status !== 0)(
  'the completion of zsh (skipped where it or script is not installed)',
  () => {
    /** What each line has become after a Tab, typed into a terminal. */
    async function completed(lines: readonly string[]): Promise<string[]> {
      const path = join(folder, 'wr.zsh');
      writeFileSync(path, (await wr.wr('completion', 'zsh')).out);
      const terminal = spawn('script', ['-qfc', 'zsh -f -i', '/dev/null'], { env: SHELL_ENV, cwd: folder });
      let shown = '';
      for (const stream of [terminal.stdout, terminal.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          shown += text;
        });
      }
      const after = async (mark: RegExp): Promise<string> => {
        const found = () => mark.exec(shown)?.[1] ?? null;
        await vi.waitUntil(() => found() !== null, { timeout: 20_000, interval: 10 });
        return found() ?? '';
      };
      try {
        // Control-X shows the line between marks and empties it.
        terminal.stdin.write(
          "PS1='> '; unsetopt zle_bracketed_paste beep; autoload -Uz compinit; compinit -u -D; " +
            `source ${path}; save() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N save; ` +
            "bindkey '^X' save; LISTMAX=9999; print '<<'ready'>>'\n",
        );
        await after(/<<(ready)>>/);
        const results: string[] = [];
        for (const line of lines) {
          shown = '';
          terminal.stdin.write(`${line}\t\x18`);
          results.push(await after(/<<(.*)>>/));
        }
        return results;
      } finally {
        terminal.kill('SIGKILL');
      }
    }

    test('completes commands, members, options and names where they belong', async () => {
      const becomes = {
        'wr bis': 'wr bisect ',
        'wr --data-dir /tmp/x push': 'wr --data-dir /tmp/x push-down ',
        'wr exec --ea': 'wr exec --each ',
        'wr exec market/': 'wr exec market/nash ',
        'wr rewind market --to market/': 'wr rewind market --to market/nash ',
        'wr ledger dep': 'wr ledger deposit ',
        'wr image create --pre': 'wr image create --preamble ',
        'wr image list --pre': 'wr image list --pre',
        'wr gc --dry': 'wr gc --dry-run ',
        'wr snapshots rm market/': 'wr snapshots rm market/nash ',
        'wr snapshots remove-s': 'wr snapshots remove-snapshots ',
        'wr help bis': 'wr help bisect ',
        'wr archive --to wr.z': 'wr archive --to wr.zsh ',
      };
      expect(await completed(Object.keys(becomes))).toEqual(Object.values(becomes));
    }, 60_000);
  },
);

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
