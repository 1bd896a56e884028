import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compress, uncompress } from 'lz4-napi';

/**
 * The engine's startup snapshot on disk: `magic | version u32 | raw length u32 | SHA-256 of what follows | LZ4`.
 * A file that is damaged counts as absent and is written anew.
 */
const MAGIC = Buffer.from('WRSTART\0', 'latin1');
const VERSION = 1;
const HEADER_BYTES = MAGIC.length + 8 + 32;
const RAW_BYTES_MAX = 256 * 1024 * 1024;

export interface StartupCache {
  /** The snapshot of this engine, or null when there is none that can be trusted. */
  read(engineDigest: string): Promise<Uint8Array | null>;
  /** Atomic: a reader sees the old file or the whole new one. @throws what the file system throws. */
  write(engineDigest: string, bytes: Uint8Array): Promise<void>;
}

function fileOf(folder: string, engineDigest: string): string {
  return join(folder, `startup-${engineDigest.slice(0, 32)}.lz4`);
}

async function decode(file: Buffer): Promise<Uint8Array | null> {
  if (file.length < HEADER_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  if (file.readUInt32LE(MAGIC.length) !== VERSION) return null;
  const rawLength = file.readUInt32LE(MAGIC.length + 4);
  const payload = file.subarray(HEADER_BYTES);
  const digest = createHash('sha256').update(payload).digest();
  if (rawLength > RAW_BYTES_MAX || !digest.equals(file.subarray(HEADER_BYTES - 32, HEADER_BYTES)))
    return null;
  const raw = await uncompress(payload);
  return raw.length === rawLength ? raw : null;
}

async function encode(bytes: Uint8Array): Promise<Buffer> {
  const payload = await compress(bytes);
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, MAGIC.length);
  header.writeUInt32LE(bytes.length, MAGIC.length + 4);
  createHash('sha256')
    .update(payload)
    .digest()
    .copy(header, HEADER_BYTES - 32);
  return Buffer.concat([header, payload]);
}

/** The cache in `folder`, which is made when something is written to it. */
export function openStartupCache(folder: string): StartupCache {
  return {
    async read(engineDigest) {
      let file: Buffer;
      try {
        file = await readFile(fileOf(folder, engineDigest));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
        throw error;
      }
      return decode(file);
    },
    async write(engineDigest, bytes) {
      const encoded = await encode(bytes);
      await mkdir(folder, { recursive: true });
      const target = fileOf(folder, engineDigest);
      const temporary = `${target}.${randomUUID()}.tmp`;
      try {
        const handle = await open(temporary, 'wx', 0o600);
        try {
          await handle.writeFile(encoded);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
  };
}
