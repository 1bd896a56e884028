/** What to tell before guest code runs, when nothing but the engine stands between it and the host. */
export function isolationWarning(
  substrates: readonly { readonly name: string; readonly isolation: readonly string[] }[],
): string | undefined {
  const weak = substrates.filter(({ isolation }) => !isolation.some((wall) => wall.startsWith('kernel')));
  if (weak.length === 0) return undefined;
  const names = weak.map(({ name }) => name).join(', ');
  return `no kernel-enforced wall stands behind ${names} worlds here: do not run code you believe to be hostile (docs/security.md)`;
}
