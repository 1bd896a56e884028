import { execFileSync } from 'node:child_process';
import { ratioOf } from './statistics.mjs';

/** Pure Python, each some 100 ms natively. */
const PROGRAMS = {
  calls: `
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(26)
`,
  objects: `
counts = {}
for i in range(300_000):
    word = "w" + str(i % 5000)
    counts[word] = counts.get(word, 0) + 1
ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
`,
  floats: `
x, y, vx, vy = 1.0, 0.0, 0.0, 1.0
for _ in range(300_000):
    r3 = (x * x + y * y) ** 1.5
    vx -= 0.001 * x / r3
    vy -= 0.001 * y / r3
    x += 0.001 * vx
    y += 0.001 * vy
`,
};

function nativePython() {
  for (const command of ['python3', 'python']) {
    try {
      const version = execFileSync(command, ['-c', 'import sys; print(sys.version.split()[0])'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (version.startsWith('3.')) return { command, version: version.trim() };
    } catch {
      // Not installed under this name.
    }
  }
  return null;
}

function runNatively(command, program) {
  const code = `import time\nsource = compile(${JSON.stringify(program)}, "p", "exec")\nscope = {}\nstart = time.perf_counter()\nexec(source, scope)\nprint((time.perf_counter() - start) * 1000)`;
  return Number(execFileSync(command, ['-c', code], { encoding: 'utf8' }));
}

const ALL = 'wasm.cpu_ratio';
const nameOf = (program) => `${ALL}_${program}`;
const ROWS = [ALL, ...Object.keys(PROGRAMS).map(nameOf)];

/** How much slower a world computes than the system's Python: each program, in turns, and all of them together. */
async function cpuRatios(runtime, n) {
  const python = nativePython();
  if (python === null) {
    const skipped = 'there is no python3 on this system to compare with';
    return Object.fromEntries(ROWS.map((name) => [name, { skipped }]));
  }
  const world = await runtime.create();
  const inWorld = Object.fromEntries(ROWS.map((name) => [name, []]));
  const native = Object.fromEntries(ROWS.map((name) => [name, []]));
  for (let i = -1; i < n; i += 1) {
    let worldSum = 0;
    let nativeSum = 0;
    for (const [program, code] of Object.entries(PROGRAMS)) {
      const { runMs } = await world.execute(code);
      const nativeMs = runNatively(python.command, code);
      worldSum += runMs;
      nativeSum += nativeMs;
      if (i < 0) continue;
      inWorld[nameOf(program)].push(runMs);
      native[nameOf(program)].push(nativeMs);
    }
    if (i < 0) continue;
    inWorld[ALL].push(worldSum);
    native[ALL].push(nativeSum);
  }
  const note = `against ${python.command} ${python.version}`;
  return Object.fromEntries(ROWS.map((name) => [name, { ...ratioOf(inWorld[name], native[name]), note }]));
}

export const CPU = [
  { rows: ROWS.map((name) => ({ name, unit: 'x', goal: null })), samples: 7, run: cpuRatios },
];
