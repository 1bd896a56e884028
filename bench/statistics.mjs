/** Percentile `p` (0 to 1) by the nearest rank: a value that was really measured. */
export function percentile(samples, p) {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
}

/** What a table row says about samples. */
export function summarise(samples) {
  return {
    n: samples.length,
    p50: percentile(samples, 0.5),
    p95: percentile(samples, 0.95),
    p99: percentile(samples, 0.99),
  };
}

/** Percentile by percentile, how many times `numerator` is `denominator`. */
export function ratioOf(numerator, denominator) {
  const top = summarise(numerator);
  const bottom = summarise(denominator);
  return {
    n: Math.min(top.n, bottom.n),
    p50: top.p50 / bottom.p50,
    p95: top.p95 / bottom.p95,
    p99: top.p99 / bottom.p99,
  };
}

/** Runs `work` and answers how long it took, ms. */
export async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** `count` times of `work`, after `warmUp` that do not count. */
export async function sample(count, warmUp, work) {
  const samples = [];
  for (let i = -warmUp; i < count; i += 1) {
    const ms = await work(i);
    if (i >= 0) samples.push(ms);
  }
  return samples;
}
