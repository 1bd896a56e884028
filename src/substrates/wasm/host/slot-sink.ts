import { PAGE_BYTES } from '../../../ports/page-store.js';
import { type PageSink, UNKNOWN_PAGE } from '../executor/executor-contract.js';
import {
  CELL_HEADER_WORDS,
  CELL_LINES_MAX,
  cellBytes,
  LINE_WORDS,
  PAGE_WORDS,
  type Place,
  pageIdOf,
  type SegmentSlots,
  SLOT_UNITS,
  slotOfId,
  UNIT_BYTES,
} from './page-slots.js';

/** The slot that a worker fills with cells, from one commit to the next. Id 0: none yet. */
export interface OpenSlot {
  readonly id: number;
  /** First free unit. Unit 0 is never used: with it the id would name a whole page. */
  readonly unit: number;
}

export const NO_OPEN_SLOT: OpenSlot = { id: 0, unit: SLOT_UNITS };

/** Puts the pages of one commit into granted slots: whole, or packed as cells where few lines changed. */
export class SlotSink implements PageSink {
  readonly #slots: SegmentSlots;
  readonly #grant: Int32Array;
  #open: OpenSlot;
  #used = 0;
  #bytes = 0;

  constructor(slots: SegmentSlots, grant: Int32Array, open: OpenSlot) {
    this.#slots = slots;
    this.#grant = grant;
    this.#open = open;
  }

  get slotsUsed(): number {
    return this.#used;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What the next commit continues with. */
  get open(): OpenSlot {
    return this.#open;
  }

  store(source: Uint8Array, offset: number): number {
    const id = this.#take();
    this.#slots.write(id, source, offset);
    this.#bytes += PAGE_BYTES;
    return id;
  }

  storeChanged(source: Uint8Array, offset: number, held: number): number {
    if (held === UNKNOWN_PAGE) return this.store(source, offset);
    const base = this.#slots.baseOf(held);
    const words = new Int32Array(source.buffer, source.byteOffset + offset, PAGE_WORDS);
    const lines = changedLines(words, this.#slots.placeOf(base));
    const count = lines.length;
    // Back to what the base holds: nothing has to be kept.
    if (count === 0) return base;
    if (count > CELL_LINES_MAX) return this.store(source, offset);
    const id = this.#cell(cellBytes(count));
    writeCell(this.#slots.placeOf(id), base, lines, words);
    this.#bytes += cellBytes(count);
    return id;
  }

  #cell(bytes: number): number {
    const units = bytes / UNIT_BYTES;
    if (this.#open.unit + units > SLOT_UNITS) this.#open = { id: this.#take(), unit: 1 };
    const { id, unit } = this.#open;
    this.#open = { id, unit: unit + units };
    return id + unit;
  }

  #take(): number {
    const id = this.#grant[this.#used++];
    if (id === undefined) throw new RangeError('commit was given too few page slots');
    if (id !== pageIdOf(slotOfId(id))) throw new RangeError(`${id} was granted but is no slot`);
    return id;
  }
}

/** Numbers of the lines in which a page differs from its base; stops once they are too many for a cell. */
function changedLines(page: Int32Array, base: Place): number[] {
  const lines: number[] = [];
  const { words, at } = base;
  for (let start = 0; start < PAGE_WORDS; start += LINE_WORDS) {
    for (let word = start; word < start + LINE_WORDS; word++) {
      if (page[word] === words[at + word]) continue;
      lines.push(start / LINE_WORDS);
      break;
    }
    if (lines.length > CELL_LINES_MAX) break;
  }
  return lines;
}

function writeCell(to: Place, base: number, lines: readonly number[], page: Int32Array): void {
  const { words, at } = to;
  let [low, high] = [0, 0];
  let next = at + CELL_HEADER_WORDS;
  for (const line of lines) {
    if (line < 32) low |= 1 << line;
    else high |= 1 << (line - 32);
    words.set(page.subarray(line * LINE_WORDS, (line + 1) * LINE_WORDS), next);
    next += LINE_WORDS;
  }
  words[at] = base;
  words[at + 1] = low;
  words[at + 2] = high;
  words[at + 3] = 0;
}
