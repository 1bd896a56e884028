/**
 * Gives a thing another name, in itself and in the index of names. One that is not in the index, because it ended and gave
 * its name back, stays out of it.
 */
export function renameIn<T extends { name: string }>(byName: Map<string, T>, thing: T, name: string): void {
  if (byName.get(thing.name) === thing) {
    byName.delete(thing.name);
    byName.set(name, thing);
  }
  thing.name = name;
}
