import nodeCrypto from 'node:crypto';
import type { GuestInputs } from './guest-inputs.js';

/**
 * It enters the guest's memory, so it says nothing of the machine. Where WebAssembly has garbage collection (Node 22
 * and later) the engine would call functions through a trampoline of another kind, which leaves its mark in memory;
 * it does not on an iPhone, and so every version of Node makes the same base image.
 */
const USER_AGENT = 'world (no trampoline: iPhone)';

/**
 * Replaces, in this thread and for good, every global through which the engine's JavaScript side could see the
 * machine it runs on. Must run before the engine's modules are imported: they keep what they find.
 */
export function pinGlobals(inputs: GuestInputs): void {
  pinDate(inputs);
  Math.random = () => {
    const word = new Uint8Array(4);
    inputs.fill(word);
    return new DataView(word.buffer).getUint32(0) / 2 ** 32;
  };
  pinEntropy(inputs);
  define('navigator', { userAgent: USER_AGENT, language: 'C', languages: ['C'], platform: '' });
  // With stack switching the engine takes other code paths, and keeps promises across executions.
  for (const name of ['Suspending', 'promising', 'SuspendError', 'Suspender', 'Function']) {
    Reflect.deleteProperty(WebAssembly, name);
  }
  // A collection of JavaScript garbage must never release an object in a memory that has since been exchanged.
  define(
    'FinalizationRegistry',
    class {
      register(): void {}
      unregister(): boolean {
        return false;
      }
    },
  );
  process.env['TZ'] = 'UTC';
  process.env['LANG'] = 'C.UTF-8';
  process.argv.splice(1, process.argv.length, '/world');
}

function pinDate(inputs: GuestInputs): void {
  const RealDate = Date;
  const now = () => inputs.clockMs();
  class GuestDate extends RealDate {
    constructor(...parts: number[]) {
      if (parts.length === 0) super(now());
      else if (parts.length === 1) super(...(parts as [number]));
      else super(RealDate.UTC(...(parts as [number, number])));
    }
    static override now(): number {
      return now();
    }
    override getTimezoneOffset(): number {
      return 0;
    }
    getYear(): number {
      return this.getUTCFullYear() - 1900;
    }
  }
  // Local time is UTC. The thread cannot change the time zone of its process, so the reading functions are replaced.
  for (const field of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
    const read = Object.getOwnPropertyDescriptor(RealDate.prototype, `getUTC${field}`);
    if (read !== undefined) Object.defineProperty(GuestDate.prototype, `get${field}`, read);
  }
  define('Date', GuestDate);
}

function pinEntropy(inputs: GuestInputs): void {
  const fill = <T extends ArrayBufferView>(view: T): T => {
    inputs.fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return view;
  };
  Object.assign(nodeCrypto, { randomFillSync: fill });
  define('crypto', { getRandomValues: fill, subtle: {} });
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
