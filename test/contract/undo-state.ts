import { SimpleStateManager } from '@ethereumjs/statemanager';
import { type Address, bytesToHex } from '@ethereumjs/util';

/** Of a slot that was never written, as the chain reads it. */
const EMPTY = new Uint8Array(0);

/** A state in memory that takes back what is reverted, instead of copying all slots before each call. */
export class UndoState extends SimpleStateManager {
  readonly #slots = new Map<string, Uint8Array>();
  /** The slots that were written, with what was in them, latest last. */
  readonly #written: (readonly [string, Uint8Array | undefined])[] = [];
  /** How many had been written at each checkpoint. */
  readonly #marks: number[] = [];

  override async getStorage(address: Address, key: Uint8Array): Promise<Uint8Array> {
    return this.#slots.get(slotOf(address, key)) ?? EMPTY;
  }

  override async putStorage(address: Address, key: Uint8Array, value: Uint8Array): Promise<void> {
    this.#set(slotOf(address, key), value);
  }

  override async clearStorage(address: Address): Promise<void> {
    for (const slot of [...this.#slots.keys()]) {
      if (slot.startsWith(`${address.toString()} `)) this.#set(slot, EMPTY);
    }
  }

  override async checkpoint(): Promise<void> {
    this.#marks.push(this.#written.length);
    await super.checkpoint();
  }

  override async commit(): Promise<void> {
    this.#marks.pop();
    if (this.#marks.length === 0) this.#written.length = 0;
    await super.commit();
  }

  override async revert(): Promise<void> {
    const mark = this.#marks.pop() ?? 0;
    for (const [slot, before] of this.#written.splice(mark).reverse()) {
      if (before === undefined) this.#slots.delete(slot);
      else this.#slots.set(slot, before);
    }
    await super.revert();
  }

  #set(slot: string, value: Uint8Array): void {
    this.#written.push([slot, this.#slots.get(slot)]);
    this.#slots.set(slot, value);
  }
}

function slotOf(address: Address, key: Uint8Array): string {
  return `${address.toString()} ${bytesToHex(key)}`;
}
