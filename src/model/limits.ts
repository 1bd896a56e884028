import { z } from 'zod';
import { MIB } from './sizes.js';

export { CODE_BYTES_MAX, MIB } from './sizes.js';

/**
 * What a world may use. Every field has a default; exceeding one is a named error and leaves the world at
 * its last committed state.
 */
export const WorldLimits = z.strictObject({
  /** Wall-clock bound of one execution, milliseconds. Exceeded: `EXECUTION_TIMEOUT`. */
  timeoutMs: z.int().min(1).max(86_400_000).default(30_000),
  /** Guest memory, bytes; rounded up to whole 64 KiB Wasm pages. Exceeded: `MemoryError` in the guest. */
  memoryBytes: z
    .int()
    .min(48 * MIB)
    .max(1024 * MIB)
    .default(512 * MIB),
  /** Bytes kept of stdout and of stderr of one execution; the rest is dropped and marked. */
  outputBytes: z
    .int()
    .min(0)
    .max(64 * MIB)
    .default(MIB),
  /** Bytes of all files of the world together. Exceeded: `OSError` (ENOSPC) in the guest. */
  fileBytes: z
    .int()
    .min(0)
    .max(1024 * MIB)
    .default(256 * MIB),
  /** Number of files and directories of the world. Exceeded: `OSError` (ENOSPC) in the guest. */
  files: z.int().min(64).max(1_000_000).default(20_000),
});
export type WorldLimits = z.infer<typeof WorldLimits>;

/** The documented defaults. */
export const DEFAULT_LIMITS: WorldLimits = WorldLimits.parse({});
