import { MIB } from '../../../model/sizes.js';

/** Unit in which WebAssembly memory grows, bytes. */
export const WASM_PAGE_BYTES = 65_536;
/** As much of zeros, to compare with. */
export const ZERO_BLOCK = Buffer.alloc(WASM_PAGE_BYTES);
/** Hard limit of one guest's memory, compiled into the engine, bytes. */
export const MEMORY_MAX_BYTES = 1024 * MIB;

/** `value` rounded up to a multiple of `unit`. */
export function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

export function roundDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

/**
 * Stack of an executor's thread, MiB: `resourceLimits.stackSizeMb` of the worker. Large enough that Python's own
 * recursion limits always fire before V8's, whose depth depends on what has been compiled so far.
 */
export const EXECUTOR_STACK_MIB = 192;
