import { WorldError } from '../../../model/world-error.js';

/** `WORLD:PATH`, `WORLD@STATE:PATH` or `:PATH` for the current world. */
export interface WorldPath {
  readonly world?: string;
  readonly state?: string;
  /** Empty in `WORLD:`; then it is the directory in which the world's code works. */
  readonly path: string;
}

/** True for what names something in a world. A local file with a colon in its name is written `./a:b`. */
export function isWorldPath(text: string): boolean {
  const colon = text.indexOf(':');
  return colon >= 0 && !text.startsWith('.') && !text.startsWith('/');
}

/** @throws BAD_INPUT for what has no colon */
export function parseWorldPath(text: string): WorldPath {
  const colon = text.indexOf(':');
  if (!isWorldPath(text)) {
    throw new WorldError(
      'BAD_INPUT',
      `Expected WORLD:PATH, or :PATH for the current world. Got ${JSON.stringify(text)}.`,
    );
  }
  const { world, state } = parseWorldAtState(text.slice(0, colon));
  const path = text.slice(colon + 1);
  return { path, ...(world === '' ? {} : { world }), ...(state === undefined ? {} : { state }) };
}

/** `WORLD` or `WORLD@STATE`. */
export function parseWorldAtState(text: string): { readonly world: string; readonly state?: string } {
  const at = text.indexOf('@');
  if (at < 0) return { world: text };
  const state = text.slice(at + 1);
  if (state === '')
    throw new WorldError('BAD_INPUT', `There is no state behind @ in ${JSON.stringify(text)}.`);
  return { world: text.slice(0, at), state };
}

/** The last name of a path; empty for one that names a whole directory (`d/.`, `..`, `/`, nothing). */
export function lastName(path: string): string {
  const name = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return name === '.' || name === '..' ? '' : name;
}

export function joinPath(directory: string, name: string): string {
  if (directory === '') return name;
  return directory.endsWith('/') ? directory + name : `${directory}/${name}`;
}
