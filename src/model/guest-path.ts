import { WorldError } from './world-error.js';

/** Longest path in a world, UTF-16 units, and longest name in it, bytes of UTF-8. */
export const PATH_LENGTH_MAX = 4096;
export const NAME_BYTES_MAX = 255;

/**
 * A path in a world, absolute or relative. What it means is said by the world: `..` and links included.
 *
 * @throws BAD_INPUT for what can name no file there
 */
export function requireGuestPath(path: string): string {
  const why = faultOf(path);
  if (why === null) return path;
  const shown = JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}...` : path);
  throw new WorldError('BAD_INPUT', `${shown} is no path in a world: ${why}.`);
}

function faultOf(path: string): string | null {
  if (path === '') return 'it is empty';
  if (path.length > PATH_LENGTH_MAX) return `it is longer than ${PATH_LENGTH_MAX} characters`;
  if (path.includes('\0')) return 'it has a NUL character';
  if (!path.isWellFormed()) return 'it is not well-formed Unicode (it has a lone surrogate)';
  if (path.split('/').some((name) => Buffer.byteLength(name) > NAME_BYTES_MAX)) {
    return `a name in it is longer than ${NAME_BYTES_MAX} bytes`;
  }
  return null;
}
