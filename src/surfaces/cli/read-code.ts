import { open } from 'node:fs/promises';
import { CODE_BYTES_MAX } from '../../model/sizes.js';
import { WorldError } from '../../model/world-error.js';

/** Text of a program file; `-` is stdin. @throws BAD_INPUT when it cannot be read or is not UTF-8, CODE_TOO_LARGE. */
export async function readCode(path: string): Promise<string> {
  if (path === '-') return decode(await readStdin(), 'stdin');
  let bytes: Buffer;
  try {
    bytes = await readProgram(path);
  } catch (thrown) {
    if (thrown instanceof WorldError) throw thrown;
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new WorldError('BAD_INPUT', `Cannot read the program ${path}: ${reason}`, {
      cause: thrown,
      details: { path },
    });
  }
  return decode(bytes, path);
}

/** The size is looked at first: a file of any length costs nothing to refuse. */
async function readProgram(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    if ((await file.stat()).size > CODE_BYTES_MAX) throw tooLarge(path);
    const bytes = await file.readFile();
    if (bytes.length > CODE_BYTES_MAX) throw tooLarge(path);
    return bytes;
  } finally {
    await file.close();
  }
}

function tooLarge(from: string): WorldError {
  const text = `${from} is longer than ${CODE_BYTES_MAX} bytes, the most that code may be. Put data into files of the world.`;
  return new WorldError('CODE_TOO_LARGE', text, { details: { from, codeBytes: CODE_BYTES_MAX } });
}

async function readStdin(): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin) {
    const buffer = Buffer.from(part as Uint8Array);
    bytes += buffer.length;
    if (bytes > CODE_BYTES_MAX) {
      throw tooLarge('stdin');
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
