import { readFileSync } from 'node:fs';

interface OwnPackage {
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** The package.json of this package, three folders above this file, compiled or not. */
export function ownPackage(): OwnPackage {
  const file = new URL('../../../package.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as OwnPackage;
}
