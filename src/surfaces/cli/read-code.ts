import { readFile } from 'node:fs/promises';
import { CODE_BYTES_MAX } from '../../model/sizes.js';
import { WorldError } from '../../model/world-error.js';

/** Text of a program file; `-` is stdin. @throws BAD_INPUT when it cannot be read, is too long or not UTF-8. */
export async function readCode(path: string): Promise<string> {
  if (path === '-') return decode(await readStdin(), 'stdin');
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError('BAD_INPUT', `Cannot read the program ${path}: ${reason}`, {
      cause: thrown,
      details: { path },
    });
  }
  return decode(bytes, path);
}

async function readStdin(): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    const buffer = Buffer.from(part as Uint8Array);
    bytes += buffer.length;
    if (bytes > CODE_BYTES_MAX) {
      throw new WorldError(
        'BAD_INPUT',
        `stdin is longer than ${CODE_BYTES_MAX} bytes, the most there may be.`,
      );
    }
    parts.push(buffer);
  }
  return Buffer.concat(parts);
}

function decode(bytes: Uint8Array, from: string): string {
  try {
    // A byte order mark is dropped by the decoder: Python would refuse it in the middle of a session.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new WorldError('BAD_INPUT', `${from} is not UTF-8 text.`, { cause: thrown });
  }
}
