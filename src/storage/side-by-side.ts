/**
 * Does something with each item, at most `atOnceMax` at the same time, and waits for all that was begun, so that
 * nothing goes on behind the caller's back. After a failure no other item is begun.
 *
 * @throws the first failure.
 */
export async function sideBySide<T>(
  items: readonly T[],
  atOnceMax: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next;
      next += 1;
      try {
        await work(items[index] as T, index);
      } catch (thrown) {
        failures.push(thrown);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}
