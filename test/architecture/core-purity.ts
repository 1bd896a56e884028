/**
 * What the core may not touch without importing anything: the clocks, the chance and the timers that
 * JavaScript keeps in the global scope.
 */
const FORBIDDEN: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  /\bperformance\b/,
  /\bprocess\.(?!env\b)?[a-z]/,
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/,
  /\bAbortSignal\.timeout\b/,
  /\bcrypto\.(?:getRandomValues|randomUUID|randomBytes|randomInt)\b/,
  /\brandom(?:UUID|Bytes|Int|FillSync)\b/,
  /\bfetch\(/,
];

/** Drops comments, which may speak of what the code must not do. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

/** What an impure source uses, as it is written there. */
export function impurities(source: string): string[] {
  const code = withoutComments(source);
  return FORBIDDEN.flatMap((pattern) => pattern.exec(code)?.[0] ?? []);
}
