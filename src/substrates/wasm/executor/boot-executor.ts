import { type Engine, startEngine } from './engine.js';
import { type RunScope, WasmExecutor } from './executor.js';
import type { Executor } from './executor-contract.js';
import { installDevices } from './guest-devices.js';
import { GuestFiles } from './guest-files.js';
import { GuestInputs } from './guest-inputs.js';
import { GuestMemory } from './guest-memory.js';
import { HostChannel } from './host-channel.js';
import { linkAgain } from './link-libraries.js';
import { pinGlobals } from './pins.js';
import { MEMORY_MAX_BYTES } from './sizes.js';
import { decodeStartup, PackedSlots } from './startup-format.js';
import type { WrittenPagesAddon } from './written-pages.js';

export { EXECUTOR_STACK_MIB } from './sizes.js';

export interface BootOptions {
  /** The patched engine, from `compileEngine`. */
  readonly module: WebAssembly.Module;
  /** From `makeStartupSnapshot` of the same engine and package; may be shared memory. */
  readonly startupSnapshot: Uint8Array;
  /** One cell of shared memory. The host stores 2 to interrupt the guest; the executor clears it. */
  readonly interrupt: Int32Array;
  /** The kernel's record of written pages, where there is one. Without it everything is compared. */
  readonly writtenPages: WrittenPagesAddon | null;
}

/**
 * Starts an executor in this thread and brings it to the base state. One per thread, for good: globals of the thread
 * (`Date`, `Math.random`, `crypto`, ...) are replaced by the guest's.
 */
export async function bootExecutor(options: BootOptions): Promise<Executor> {
  const inputs = new GuestInputs();
  pinGlobals(inputs);
  const startup = decodeStartup(options.startupSnapshot);
  const guest = await startGuest({
    module: options.module,
    inputs,
    interrupt: options.interrupt,
    from: { snapshot: startup.engineSnapshot },
  });
  const { base, libraries } = startup;
  const slots = new PackedSlots(startup.pages);
  if (libraries.paths.length > 0) {
    if (base.files !== undefined) guest.files.load(slots, base.files);
    linkAgain(guest.engine, libraries);
  }
  guest.memory.loadWhole(slots, base.indexes, base.ids, base.registers.heapTop);
  if (base.files !== undefined) guest.files.load(slots, base.files);
  // The snapshot's ids mean nothing in the slab.
  guest.memory.forgetPages();
  guest.files.forgetPages();
  guest.files.takeAsBase();
  const executor = new WasmExecutor({
    ...guest,
    addresses: startup.addresses,
    interrupt: options.interrupt,
    base: { digest: startup.baseDigest, slots: base.slotsUsed },
  });
  executor.load(slots, { indexes: new Int32Array(0), ids: new Int32Array(0), registers: base.registers });
  if (options.writtenPages !== null) guest.memory.trackWrites(options.writtenPages);
  guest.engine.lock.locked = true;
  return executor;
}

export interface Guest {
  readonly engine: Engine;
  readonly inputs: GuestInputs;
  readonly memory: GuestMemory;
  readonly files: GuestFiles;
  readonly channel: HostChannel;
  readonly scope: RunScope;
}

export interface StartGuestOptions {
  readonly module: WebAssembly.Module;
  readonly inputs: GuestInputs;
  readonly interrupt: Int32Array;
  readonly from: { readonly snapshot: Uint8Array };
}

/** The engine with our devices and imports around it, not yet locked. The same steps in every executor. */
export async function startGuest(options: StartGuestOptions): Promise<Guest> {
  const { inputs } = options;
  inputs.reset();
  const scope: RunScope = { memoryBytes: MEMORY_MAX_BYTES, output: null, interrupted: false, umask: 0o022 };
  const late: { memory?: GuestMemory; files?: GuestFiles; engine?: Engine } = {};
  const engine = await startEngine({
    module: options.module,
    inputs,
    from: options.from,
    own: {
      resizeHeap: (bytes, grow) => late.memory?.resize(bytes, scope.memoryBytes) ?? grow(bytes),
      umask: (mask) => {
        const before = scope.umask;
        scope.umask = mask & 0o777;
        return before;
      },
      pipe: (pointer) => {
        const { engine: running, files } = late;
        if (running === undefined || files === undefined) return -1;
        const ends = files.pipe();
        if (typeof ends === 'number') return -ends;
        new Int32Array(running.exports.memory.buffer, pointer, 2).set(ends);
        return 0;
      },
      onSignal: () => {
        scope.interrupted = true;
      },
    },
  });
  const channel = new HostChannel(inputs);
  installDevices(engine.module.FS, { inputs, channel, output: () => scope.output });
  engine.pyodide.setInterruptBuffer(options.interrupt);
  const files = new GuestFiles(engine.module);
  const memory = new GuestMemory(engine.exports, engine.growMemory);
  Object.assign(late, { memory, files, engine });
  return { engine, inputs, memory, files, channel, scope };
}
