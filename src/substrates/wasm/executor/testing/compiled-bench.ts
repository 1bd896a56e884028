/** The compiled bench, for tests: worker threads cannot run TypeScript. */
export async function compiledBench(): Promise<typeof import('./executor-bench.js')> {
  const url = new URL(
    '../../../../../dist/substrates/wasm/executor/testing/executor-bench.js',
    import.meta.url,
  );
  return (await import(url.href)) as typeof import('./executor-bench.js');
}
