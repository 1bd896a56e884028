import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

/**
 * Compiles `src` to `dist` once per test run, because tests start real child processes from `dist`, and the native parts.
 * Where the second wall does not stand, for instance without a C compiler, the tests of everything else run without it;
 * `REQUIRE_SECOND_WALL=1` makes that a failure.
 */
export default async function buildFirst(): Promise<void> {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
  execFileSync(process.execPath, ['native/build.mjs'], { stdio: 'inherit' });
  const { findSecondWall } = await import('../src/substrates/wasm/walls/second-wall.js');
  const { missing } = findSecondWall();
  if (missing === '') return;
  if (process.env['REQUIRE_SECOND_WALL'] === '1')
    throw new Error(`the second wall does not stand: ${missing}`);
  process.stderr.write(`Tests run without the second wall: ${missing}\n`);
  process.env['WORLD_ALLOW_WEAK_ISOLATION'] = '1';
}
