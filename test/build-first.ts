import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

/** Compiles `src` to `dist` once per test run, because tests start real child processes from `dist`. */
export default function buildFirst(): void {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
}
