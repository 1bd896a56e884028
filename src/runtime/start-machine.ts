import type { Machine } from '../ports/substrate.js';
import type { RuntimeContext } from './runtime-context.js';

const MEGABYTE = 1e6;

/** A machine that just came to life, with what that cost. */
export interface StartedMachine {
  readonly machine: Machine;
  readonly ms: number;
  /** What it adds to memory, MB. */
  readonly memoryOverheadMb: number;
}

/** Boots or restores a machine and measures it. One that cannot be measured is ended again. */
export async function startMachine(
  context: RuntimeContext,
  start: () => Promise<Machine>,
): Promise<StartedMachine> {
  const { value: machine, ms } = await context.timed(start);
  try {
    return { machine, ms, memoryOverheadMb: await ownMegabytes(machine) };
  } catch (thrown) {
    await machine[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** What the machine adds to memory, MB. */
export async function ownMegabytes(machine: Machine): Promise<number> {
  return (await machine.measure()).ownBytes / MEGABYTE;
}
