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

/** How much slower a world computes than the system's Python, program by program, in turns. */
function cpuRatio(program) {
  return async (runtime, n) => {
    const python = nativePython();
    if (python === null) return { skipped: 'there is no python3 on this system to compare with' };
    const world = await runtime.create();
    const inWorld = [];
    const native = [];
    for (let i = -1; i < n; i += 1) {
      const { runMs } = await world.execute(program);
      const nativeMs = runNatively(python.command, program);
      if (i >= 0) {
        inWorld.push(runMs);
        native.push(nativeMs);
      }
    }
    return { ...ratioOf(inWorld, native), note: `against ${python.command} ${python.version}` };
  };
}

export const CPU = Object.entries(PROGRAMS).map(([name, program]) => ({
  name: `wasm.cpu_ratio_${name}`,
  unit: 'x',
  goal: null,
  samples: 7,
  run: cpuRatio(program),
}));
