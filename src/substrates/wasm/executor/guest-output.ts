import { StringDecoder } from 'node:string_decoder';

export type OutputName = 'stdout' | 'stderr';
export type OutputWrite = (stream: OutputName, text: string) => void;

/** One of the guest's two output streams during one execution: decoded, passed on at once, and bounded. */
class OutputStream {
  truncated = false;
  readonly #name: OutputName;
  readonly #write: OutputWrite;
  readonly #decoder = new StringDecoder('utf8');
  #left: number;

  constructor(name: OutputName, limitBytes: number, write: OutputWrite) {
    this.#name = name;
    this.#left = limitBytes;
    this.#write = write;
  }

  push(bytes: Buffer): void {
    const kept = bytes.subarray(0, this.#left);
    this.#left -= kept.length;
    if (kept.length < bytes.length) this.truncated = true;
    this.#pass(this.#decoder.write(kept));
  }

  end(): void {
    // A character that the limit cut in two is dropped, one that the guest itself left incomplete is shown as such.
    const rest = this.#decoder.end();
    if (!this.truncated) this.#pass(rest);
  }

  #pass(text: string): void {
    if (text !== '') this.#write(this.#name, text);
  }
}

export class GuestOutput {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;

  constructor(limitBytes: number, write: OutputWrite) {
    this.stdout = new OutputStream('stdout', limitBytes, write);
    this.stderr = new OutputStream('stderr', limitBytes, write);
  }

  end(): void {
    this.stdout.end();
    this.stderr.end();
  }
}
