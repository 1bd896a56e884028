import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openTestRuntime, type TestRuntime } from '../../../../test/support/test-runtime.js';
import { newWorld, triad, variable } from '../../../../test/support/verbs.js';
import { inProcessTransport } from '../../in-process-transport.js';
import { paintFor } from '../format/paint.js';
import { appendHistory, HISTORY_LINES_MAX, historyPath, readHistory } from './history-file.js';
import { type ReplEnd, runRepl } from './repl-session.js';

/** A terminal that tests type into: raw mode, keys and a screen, as readline expects them. */
function typing(t: TestRuntime, world: string | undefined, history: readonly string[] = []) {
  const input = new PassThrough();
  const screen = new PassThrough();
  Object.assign(input, { isTTY: true, setRawMode: () => input });
  Object.assign(screen, { isTTY: true, columns: 200, rows: 40 });
  let drawn = '';
  let said = '';
  let looks: (() => void)[] = [];
  const look = (): void => {
    for (const one of looks) one();
  };
  screen.setEncoding('utf8').on('data', (text: string) => {
    drawn += text;
    look();
  });
  const say = (text: string): void => {
    said += text;
    look();
  };
  const transport = inProcessTransport(t.context, async () => {});
  const io = { input, screen, terminal: true, paint: paintFor(false), history, out: say, err: say };
  const end: Promise<ReplEnd> = runRepl(transport, world, io);
  const until = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!done()) return;
        looks = looks.filter((one) => one !== check);
        resolve();
      };
      looks.push(check);
      check();
    });
  return {
    end,
    key: (text: string) => void input.write(text),
    /** Types a line and waits for the next prompt. */
    async line(text: string): Promise<string> {
      const [from, prompts] = [said.length, drawn.split('\u001b[0J').length];
      input.write(`${text}\r`);
      await until(() => drawn.split('\u001b[0J').length > prompts && /(>>>|\.\.\.) $/.test(plain(drawn)));
      return said.slice(from);
    },
    heard: (pattern: RegExp) => until(() => pattern.test(said)),
    shown: (pattern: RegExp) => until(() => pattern.test(plain(drawn))),
    drawn: () => plain(drawn),
    said: () => said,
  };
}

function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the terminal's own
  return text.replace(/\u001b\[\d*[A-Za-z]/g, '');
}

async function worldW() {
  const t = await openTestRuntime();
  const world = await newWorld(t, 'w');
  return { t, world };
}

describe('a typed session', () => {
  test('runs lines in the world, echoes values, shows errors and the verse, and ends with Ctrl-D', async () => {
    const { t, world } = await worldW();
    const repl = typing(t, 'w');
    await repl.shown(/w ⊙ root >>> $/);
    expect(await repl.line('set x 41')).toBe('');
    expect(await repl.line('get x')).toBe('41\n');
    expect(await repl.line('fail no luck')).toContain('no luck');
    expect(await variable(t, world, 'x')).toBe('41');
    repl.key('\u0004');
    expect(await repl.end).toEqual({ exitCode: 0, typed: ['set x 41', 'get x', 'fail no luck'] });
  });

  test('has lines of earlier sessions behind the arrow up', async () => {
    const { t } = await worldW();
    const repl = typing(t, 'w', ['set x 1', 'get x']);
    await repl.shown(/>>> $/);
    repl.key('\u001b[A\u001b[A');
    await repl.line('');
    expect(await repl.line('get x')).toBe('1\n');
    repl.key('\u0004');
    await repl.end;
  });

  test('stops what runs at Ctrl-C and goes on; the world is as before', async () => {
    const { t, world } = await worldW();
    const repl = typing(t, 'w');
    await repl.shown(/>>> $/);
    await repl.line('set x 1');
    const head = world.head;
    repl.key('hang\r');
    await repl.shown(/hang/);
    await new Promise((resolve) => setImmediate(resolve));
    repl.key('\u0003');
    await repl.heard(/Interrupted: the world is as it was before/);
    await repl.shown(/hang\r?\n[\s\S]*>>> $/);
    expect(world.head).toBe(head);
    expect(await repl.line('get x')).toBe('1\n');
    repl.key('\u0004');
    await repl.end;
  });

  test('drops a begun line and a begun block at Ctrl-C', async () => {
    const { t, world } = await worldW();
    const repl = typing(t, 'w');
    await repl.shown(/>>> $/);
    const { executions } = world;
    repl.key('set x 666');
    await repl.shown(/set x 666/);
    repl.key('\u0003');
    await repl.shown(/\^C\n.*>>> $/);
    await repl.line('if x:');
    expect(repl.drawn()).toMatch(/\.\.\. $/);
    repl.key('\u0003');
    await repl.shown(/\.\.\. .*\^C\n.*>>> $/);
    expect(await repl.line('set y 1')).toBe('');
    expect(world.executions).toBe(executions + 1);
    repl.key('\u0004');
    await repl.end;
  });

  test('takes snapshots, branches, goes back, and changes worlds', async () => {
    const { t, world } = await worldW();
    const { nash } = await triad(t, await newWorld(t, 'v'));
    const repl = typing(t, 'w');
    await repl.shown(/>>> $/);
    await repl.line('set x 1');
    expect(await repl.line(':snapshot one')).toMatch(/^snapshot one \(snp_/);
    await repl.line('set x 2');
    await repl.line('set x 3');
    await repl.line(':undo');
    expect(await repl.line('get x')).toBe('2\n');
    await repl.line(':rewind one');
    expect(await repl.line('get x')).toBe('1\n');
    expect(await repl.line('%branch 2')).toMatch(/w\/1\n.*w\/2\n/);
    expect(world.childIds).toHaveLength(2);
    expect(await repl.line(':world nash')).toMatch(/^v\/nash: verse nash/);
    await repl.shown(/v\/nash ⊖ nash >>> $/);
    await repl.line('set y 5');
    expect(await variable(t, nash, 'y')).toBe('5');
    expect(await repl.line(':nope')).toMatch(/BAD_INPUT.*:nope.*:help/);
    expect(await repl.line(':world nope')).toMatch(/WORLD_NOT_FOUND/);
    expect(await repl.line(':help')).toMatch(/:rewind \[N \| STATE \| SNAPSHOT\]/);
    repl.key(':quit\r');
    expect((await repl.end).exitCode).toBe(0);
  });
});

describe('a piped session', () => {
  async function piped(t: TestRuntime, text: string) {
    const input = new PassThrough();
    input.end(text);
    let said = '';
    const say = (more: string): void => {
      said += more;
    };
    const io = { input, screen: new PassThrough(), terminal: false, paint: paintFor(false), history: [] };
    const transport = inProcessTransport(t.context, async () => {});
    const end = await runRepl(transport, 'w', { ...io, out: say, err: say });
    return { said, exitCode: end.exitCode };
  }

  test('runs every piece, commands included, and is 1 when one raised', async () => {
    const { t } = await worldW();
    expect(await piped(t, 'set x 1\n\n:snapshot s\nset x 2\nget x\n:rewind s\nget x')).toMatchObject({
      exitCode: 0,
      said: expect.stringMatching(/^snapshot s .*\n2\nat stt_.*\n1\n$/),
    });
    expect(await piped(t, 'fail no luck\nget x\n')).toMatchObject({
      exitCode: 1,
      said: expect.stringMatching(/no luck[\s\S]*1\n$/),
    });
  });

  test('ends at what the runtime refuses', async () => {
    const { t, world } = await worldW();
    await expect(piped(t, ':world nope\nset x 1')).rejects.toMatchObject({ code: 'WORLD_NOT_FOUND' });
    expect(world.executions).toBe(0);
  });
});

describe('the history', () => {
  test('is for its owner only, bounded, without repetitions, and grows by what others wrote', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wr-history-test-'));
    try {
      const path = historyPath({ XDG_STATE_HOME: folder });
      expect(readHistory(path)).toEqual([]);
      appendHistory(path, ['a', 'a', '', 'b']);
      writeFileSync(path, 'a\nb\nother\n', { mode: 0o644 });
      appendHistory(path, ['c', 'x'.repeat(5000)]);
      expect(readHistory(path)).toEqual(['a', 'b', 'other', 'c']);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      appendHistory(
        path,
        Array.from({ length: 2 * HISTORY_LINES_MAX }, (_, n) => `line ${n}`),
      );
      expect(readHistory(path)).toHaveLength(HISTORY_LINES_MAX);
      expect(readFileSync(path, 'utf8').endsWith('line 1999\n')).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
