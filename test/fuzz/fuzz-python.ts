import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeRuntime } from '../../src/compose.js';
import { RuntimeClient } from '../../src/surfaces/client/runtime-client.js';
import type { Fuzzer } from './fuzzer.js';
import { NativePython, type PythonAnswer } from './native-python.js';
import { randomPython } from './random-python.js';

/** Random programs in a world and in the machine's python3: the same output, the same last value, the same error. */
export async function fuzzPython(
  change: (program: string) => string = (program) => program,
): Promise<Fuzzer> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-python-'));
  const runtime = await composeRuntime({ dataDir: join(folder, 'data'), workers: 1 });
  const world = await new RuntimeClient(runtime.transport).create();
  const native = new NativePython();
  return {
    name: 'python',
    async run({ random, saw }) {
      const program = randomPython(random);
      const expected = await native.run(program);
      const { stdout, value, error } = await world.execute(change(program));
      const found: PythonAnswer = { stdout, value, error: error?.type ?? null };
      assert.deepEqual(found, expected, `the world differs from python3 on:\n${program}`);
      saw(found.error === null ? 'programs that ended well' : 'programs that raised');
    },
    async [Symbol.asyncDispose]() {
      await native[Symbol.asyncDispose]();
      await runtime.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
