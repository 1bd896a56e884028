import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWr, wr } from './cli-process.js';

const WR = resolve(import.meta.dirname, '../../bin/wr.js');
const folder = mkdtempSync(join(tmpdir(), 'wr-repl-test-'));
const dataDir = join(folder, 'data');

beforeAll(async () => {
  expect((await wr(dataDir, 'create', 'w')).code).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = `
def double(x):

    return 2 * x
for n in range(2):
    print('step', n)
double(21)
`;

test('a program that is piped in runs piece by piece in real Python', async () => {
  const fine = await startWr(dataDir, ['repl', 'w'], { stdin: PROGRAM }).ended;
  expect(fine).toMatchObject({ code: 0, out: 'step 0\nstep 1\n42\n' });
  const raised = await startWr(dataDir, ['repl', 'w'], { stdin: '1 / 0\ndouble(2)' }).ended;
  expect(raised).toMatchObject({ code: 1, out: '4\n', err: expect.stringMatching(/ZeroDivisionError/) });
  const json = await startWr(dataDir, ['repl', 'w', '--json'], { stdin: 'double(4)' }).ended;
  expect(JSON.parse(json.out)).toMatchObject({ ok: true, value: '8' });
  const vars = await startWr(dataDir, ['repl', 'w'], { stdin: 'x = 1\n:vars' }).ended;
  expect(vars.out).toMatch(/double +function +<function double.*\nn +int +1\nx +int +1\n/);
});

const hasPty = spawnSync('python3', ['-c', 'import pty'], { stdio: 'ignore' }).status === 0;
if (!hasPty)
  process.stdout.write('skipped: wr repl on a real pseudo-terminal, because there is no python3 here\n');

/** Runs its arguments on a terminal of their own and copies both ways; Python's own module does it. */
const PTY = `import pty, sys, os, fcntl, termios, struct
pid, fd = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 120, 0, 0))
import threading
def copy():
    while True:
        data = os.read(0, 4096)
        if not data: return
        os.write(fd, data)
threading.Thread(target=copy, daemon=True).start()
try:
    while True:
        data = os.read(fd, 4096)
        if not data: break
        os.write(1, data)
except OSError: pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;

describe.skipIf(!hasPty)('on a real terminal', () => {
  test('Ctrl-C stops an endless loop and not the session, and Ctrl-D leaves', async () => {
    const env = { ...process.env, WORLD_DATA_DIR: dataDir, XDG_STATE_HOME: folder, NO_COLOR: '1' };
    const child = spawn('python3', ['-c', PTY, process.execPath, WR, 'repl', 'w'], { env });
    let seen = '';
    let look = (): void => {};
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
      look();
    });
    const ended = new Promise<number | null>((done) => child.on('close', done));
    const until = (pattern: RegExp): Promise<void> =>
      new Promise((done) => {
        look = () => pattern.test(seen) && done();
        look();
      });
    await until(/w ⊙ root >>> /);
    child.stdin.write('kept = 7\r');
    await until(/kept = 7[\s\S]*>>> /);
    // It prints first, in words that are not typed, so that the test knows when it runs.
    child.stdin.write('exec(\'print("run" + "ning")\\nwhile True: pass\')\r');
    await until(/running/);
    child.stdin.write('\u0003');
    await until(/Interrupted: the world is as it was before/);
    seen = '';
    child.stdin.write('kept * 6\r');
    await until(/42/);
    child.stdin.write('\u0004');
    expect(await ended).toBe(0);
  });
});
