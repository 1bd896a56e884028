import { type OpenFile, readFully } from '../file-ops.js';
import { decodeFrame, FRAME_BYTES, type Frame, isIntact } from './journal-format.js';

const CHUNK_BYTES = 1024 * 1024;

/** What stands at an offset of the journal. */
export type Found =
  | {
      readonly kind: 'record';
      readonly offset: number;
      readonly frame: Frame;
      readonly body: Buffer;
      readonly end: number;
    }
  | { readonly kind: 'end' }
  | { readonly kind: 'damaged'; readonly offset: number; readonly reason: string };

/**
 * Walks over a stretch of the journal, holding one chunk of it, or one record when that is longer.
 * It checks lengths and CRCs; the chain is the caller's.
 */
export class RecordReader {
  readonly #file: OpenFile;
  readonly #end: number;
  #buffer: Buffer = Buffer.alloc(0);
  #bufferStart = 0;

  constructor(file: OpenFile, end: number) {
    this.#file = file;
    this.#end = end;
  }

  async at(offset: number): Promise<Found> {
    if (offset === this.#end) return { kind: 'end' };
    const frame = decodeFrame(await this.#bytes(offset, FRAME_BYTES));
    if (!frame) return { kind: 'damaged', offset, reason: 'no record begins there' };
    const total = FRAME_BYTES + frame.bodyBytes;
    if (offset + total > this.#end) {
      return { kind: 'damaged', offset, reason: `the record should go on to offset ${offset + total}` };
    }
    const record = await this.#bytes(offset, total);
    if (record.length < total || !isIntact(frame, record)) {
      return { kind: 'damaged', offset, reason: 'its checksum does not match' };
    }
    return { kind: 'record', offset, frame, body: record.subarray(FRAME_BYTES, total), end: offset + total };
  }

  /**
   * The first intact record behind a damaged one, or null. It is looked for at every byte, because a damaged
   * length says nothing about where the next record begins.
   */
  async nextIntact(damagedOffset: number, afterSeq: number): Promise<Frame | null> {
    const seqMax = afterSeq + 1 + Math.ceil((this.#end - damagedOffset) / FRAME_BYTES);
    let offset = damagedOffset + 1;
    while (offset + FRAME_BYTES < this.#end) {
      const window = await this.#bytes(offset, Math.min(CHUNK_BYTES, this.#end - offset));
      const positions = window.length - FRAME_BYTES + 1;
      for (let position = 0; position < positions; position += 1) {
        // Sequence numbers have zero bytes on top and JSON has none: this rules out nearly every position.
        if (window[position + 15] !== 0 || window[position + 23] !== 0) continue;
        const frame = decodeFrame(window.subarray(position, position + FRAME_BYTES));
        if (!frame || frame.seq <= afterSeq || frame.seq > seqMax) continue;
        const found = await this.at(offset + position);
        if (found.kind === 'record') return found.frame;
      }
      offset += Math.max(positions, 1);
    }
    return null;
  }

  /** `length` bytes from `offset`, fewer at the end. */
  async #bytes(offset: number, length: number): Promise<Buffer> {
    const from = offset - this.#bufferStart;
    if (from < 0 || from + length > this.#buffer.length) await this.#load(offset, length);
    const start = offset - this.#bufferStart;
    return this.#buffer.subarray(start, start + length);
  }

  async #load(offset: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(length, CHUNK_BYTES), this.#end - offset);
    const buffer = Buffer.allocUnsafe(wanted);
    const got = await readFully(this.#file, buffer, offset);
    this.#buffer = buffer.subarray(0, got);
    this.#bufferStart = offset;
  }
}
