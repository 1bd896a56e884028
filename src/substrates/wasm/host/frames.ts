/**
 * The wire between the control process and the executor host: frames of
 * `u32 length | u32 JSON length | JSON | binary`, little-endian, where `length` counts JSON and binary.
 *
 * Node's own `process.send` is not used because one damaged message from the child raises an uncaught
 * exception in the parent; here every length is checked before a byte is buffered, and damage is a value.
 */

/** Longest frame either side accepts: large payloads travel in parts. */
export const FRAME_BYTES_MAX = 128 * 1024 * 1024;
/** Longest JSON part. The longest there is describes a state with very many files. */
export const FRAME_JSON_BYTES_MAX = 96 * 1024 * 1024;
/** How much binary a sender puts into one frame when it has to split. */
export const PART_BYTES = 4 * 1024 * 1024;

const HEADER_BYTES = 8;
const EMPTY = Buffer.alloc(0);

export interface Frame {
  readonly message: unknown;
  /** Shares memory with what was received; copy what must outlive the handler. */
  readonly binary: Buffer;
}

/** The peer sent something that is not a frame. Nothing after it can be trusted. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** The pieces of one frame, to be written in order. @throws FrameError when it is longer than a peer accepts. */
export function encodeFrame(message: object, binary: Uint8Array = EMPTY): Uint8Array[] {
  const json = Buffer.from(JSON.stringify(message), 'utf8');
  const length = json.length + binary.length;
  if (json.length > FRAME_JSON_BYTES_MAX || length > FRAME_BYTES_MAX) {
    throw new FrameError(`a frame of ${json.length} + ${binary.length} bytes is longer than the limit`);
  }
  const head = Buffer.allocUnsafe(HEADER_BYTES + json.length);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(json.length, 4);
  json.copy(head, HEADER_BYTES);
  return binary.length === 0 ? [head] : [head, binary];
}

/** Cuts a byte stream into frames. After it threw once it accepts nothing more. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #buffered = 0;
  #broken = false;

  /** Bytes held back until their frame is complete: never more than one frame and one chunk. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** @throws FrameError on a length over the limit, on an impossible one, and on JSON that does not parse. */
  push(chunk: Buffer): Frame[] {
    if (this.#broken) throw new FrameError('the stream is already broken');
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const frames: Frame[] = [];
    try {
      for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame);
    } catch (error) {
      this.#broken = true;
      this.#chunks = [];
      throw error;
    }
    return frames;
  }

  #next(): Frame | null {
    if (this.#buffered < HEADER_BYTES) return null;
    const header = this.#peek(HEADER_BYTES);
    const length = header.readUInt32LE(0);
    const jsonLength = header.readUInt32LE(4);
    if (length > FRAME_BYTES_MAX || jsonLength > FRAME_JSON_BYTES_MAX || jsonLength > length) {
      throw new FrameError(`a frame announces ${length} bytes, ${jsonLength} of them JSON`);
    }
    if (this.#buffered < HEADER_BYTES + length) return null;
    const whole = this.#take(HEADER_BYTES + length);
    const json = whole.toString('utf8', HEADER_BYTES, HEADER_BYTES + jsonLength);
    try {
      return { message: JSON.parse(json), binary: whole.subarray(HEADER_BYTES + jsonLength) };
    } catch (cause) {
      throw new FrameError('a frame holds JSON that does not parse', { cause });
    }
  }

  /** The first chunk, merged with later ones only when it alone does not hold `bytes`. */
  #peek(bytes: number): Buffer {
    const first = this.#chunks[0] ?? EMPTY;
    if (first.length >= bytes) return first;
    const merged = Buffer.concat(this.#chunks);
    this.#chunks = [merged];
    return merged;
  }

  #take(bytes: number): Buffer {
    const all = this.#peek(bytes);
    const rest = all.subarray(bytes);
    this.#chunks = rest.length > 0 ? [rest, ...this.#chunks.slice(1)] : this.#chunks.slice(1);
    this.#buffered -= bytes;
    return all.subarray(0, bytes);
  }
}
