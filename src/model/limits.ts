import { z } from 'zod';
import { CODE_BYTES_MAX, MIB } from './sizes.js';

export { CODE_BYTES_MAX, MIB } from './sizes.js';

/**
 * What a world may use. Every field has a default; exceeding one is a named error and leaves the world at
 * its last committed state.
 */
export const WorldLimits = z.strictObject({
  /** Wall-clock bound of one execution, milliseconds. Exceeded: `EXECUTION_TIMEOUT`. */
  timeoutMs: z.int().min(1).max(86_400_000).default(30_000),
  /**
   * Processor time of one execution, milliseconds, where the machine tells it (Linux). Unlike `timeoutMs` it does not run
   * while others have the processor. Exceeded: `CPU_LIMIT`. Default: no bound but the wall clock.
   */
  cpuMs: z.int().min(1).max(86_400_000).default(86_400_000),
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
  /** Files open at a time, the three standard ones included. Exceeded: `OSError` (EMFILE) in the guest. */
  openFiles: z.int().min(16).max(4096).default(1024),
  /** Longest code of one execution, bytes of UTF-8. Exceeded: `CODE_TOO_LARGE`. */
  codeBytes: z.int().min(1024).max(CODE_BYTES_MAX).default(CODE_BYTES_MAX),
  /** Requests that may wait for the world, the running one included. Exceeded: `QUEUE_FULL`. */
  queue: z.int().min(1).max(65_536).default(1024),
});
export type WorldLimits = z.infer<typeof WorldLimits>;

/** What all worlds of one runtime together may be. */
export const RuntimeLimits = z.strictObject({
  /** Worlds that are neither collapsed, stopped nor deleted. Exceeded: `TOO_MANY_WORLDS`. */
  worlds: z.int().min(1).max(10_000_000).default(1_000_000),
  /** States that can be gone back to. Exceeded: `TOO_MANY_STATES`. */
  states: z.int().min(1).max(100_000_000).default(10_000_000),
});
export type RuntimeLimits = z.infer<typeof RuntimeLimits>;

/** The documented defaults. */
export const DEFAULT_LIMITS: WorldLimits = WorldLimits.parse({});
