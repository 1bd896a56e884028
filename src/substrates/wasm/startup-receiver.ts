import { STARTUP_BYTES_MAX } from './host/startup-file.js';
import { ProtocolError } from './run-call.js';

/**
 * Collects the startup snapshot that a host makes when it got none. Accepted once and only before the host is
 * ready, that is before it ran any guest code: a host that was taken over cannot plant one.
 */
export class StartupReceiver {
  readonly #done: (bytes: Uint8Array) => void;
  #open = true;
  #bytes: Buffer | null = null;
  #received = 0;

  constructor(done: (bytes: Uint8Array) => void) {
    this.#done = done;
  }

  close(): void {
    if (this.#bytes !== null) throw new ProtocolError('the startup snapshot is incomplete');
    this.#open = false;
  }

  receive(part: { readonly offset: number; readonly totalBytes: number }, binary: Buffer): void {
    if (!this.#open) throw new ProtocolError('it sent a startup snapshot unasked');
    if (part.totalBytes > STARTUP_BYTES_MAX || part.totalBytes === 0) {
      throw new ProtocolError(`a startup snapshot of ${part.totalBytes} bytes`);
    }
    this.#bytes ??= Buffer.alloc(part.totalBytes);
    const inOrder = part.offset === this.#received && part.totalBytes === this.#bytes.length;
    if (!inOrder || binary.length === 0 || this.#received + binary.length > this.#bytes.length) {
      throw new ProtocolError('the parts of the startup snapshot do not fit together');
    }
    binary.copy(this.#bytes, this.#received);
    this.#received += binary.length;
    if (this.#received < this.#bytes.length) return;
    this.#done(this.#bytes);
    this.#bytes = null;
    this.#open = false;
  }
}
