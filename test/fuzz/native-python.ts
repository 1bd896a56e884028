import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a program printed and answered; `error` is the type of what it raised. */
export interface PythonAnswer {
  readonly stdout: string;
  readonly value: string | null;
  readonly error: string | null;
}

const ANSWER_MS_MAX = 20_000;

/** Programs as lines of JSON in, answers out. Each has globals of its own. */
const RUNNER = `
import ast, contextlib, io, json, sys
for line in sys.stdin:
    tree = ast.parse(json.loads(line))
    out, value, error = io.StringIO(), None, None
    space = {'__name__': '__main__'}
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(tree, 'x', 'exec'), space)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), 'x', 'eval'), space)
                value = None if value is None else repr(value)
    except BaseException as e:
        error = type(e).__name__
    sys.stdout.write(json.dumps({'stdout': out.getvalue(), 'value': value, 'error': error}) + '\\n')
    sys.stdout.flush()
`;

/** False on a machine without python3, or with one before 3.10. */
export function hasPython(): boolean {
  const { status } = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
  return status === 0;
}

/** The machine's own python3, which runs one program after the other. */
export class NativePython implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams = spawn('python3', ['-c', RUNNER], {
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  });
  readonly #answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();

  async run(program: string): Promise<PythonAnswer> {
    this.#child.stdin.write(`${JSON.stringify(program)}\n`);
    // A program that does not end is a mistake of whoever wrote it; then nothing can be compared any more.
    const late = setTimeout(() => this.#child.kill('SIGKILL'), ANSWER_MS_MAX);
    const { value, done } = await this.#answers.next().finally(() => clearTimeout(late));
    if (done) throw new Error(`python3 ended, or took over ${ANSWER_MS_MAX} ms, on:\n${program}`);
    return JSON.parse(value) as PythonAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await new Promise((resolve) => this.#child.once('exit', resolve));
  }
}
