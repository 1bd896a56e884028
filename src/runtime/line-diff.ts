/**
 * Which lines of one text became which of another: Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), in the
 * form of its section 4b, which needs linear space. Pure; knows nothing of texts, only of lines by number.
 */

/** Lines `[beforeStart, beforeEnd)` were replaced by `[afterStart, afterEnd)`; one of the two may be empty. */
export interface LineChange {
  readonly beforeStart: number;
  readonly beforeEnd: number;
  readonly afterStart: number;
  readonly afterEnd: number;
}

/** Work that may still be done, shared by several comparisons: steps, about ten nanoseconds each. */
export interface DiffBudget {
  steps: number;
}

/** Equal lines have equal numbers. */
export type LineNumbers = ArrayLike<number>;

/**
 * The changes in order, with at least one kept line between two of them. Fewest lines possible are removed and added, unless
 * the budget runs out: then what is left is replaced as a whole, which is true too, but longer.
 */
export function diffLines(before: LineNumbers, after: LineNumbers, budget: DiffBudget): LineChange[] {
  const changes: LineChange[] = [];
  const whole = { beforeStart: 0, beforeEnd: before.length, afterStart: 0, afterEnd: after.length };
  const search = new MiddleSearch(before, after, budget);
  const visit = (outer: LineChange): void => {
    const box = withoutEnds(before, after, outer);
    if (box.beforeStart === box.beforeEnd && box.afterStart === box.afterEnd) return;
    const isOneSided = box.beforeStart === box.beforeEnd || box.afterStart === box.afterEnd;
    const middle = isOneSided ? null : search.find(box);
    if (middle === null) {
      add(changes, box);
      return;
    }
    // Each part has about half of the changes, so this is as deep as the logarithm of their number.
    visit({ ...box, beforeEnd: middle.before, afterEnd: middle.after });
    visit({ ...box, beforeStart: middle.before, afterStart: middle.after });
  };
  visit(whole);
  return changes;
}

/** Numbers for lines, the same in all texts that are numbered by one of these. */
export function lineNumbering(): (lines: readonly string[]) => Int32Array {
  const known = new Map<string, number>();
  return (lines) =>
    Int32Array.from(lines, (line) => {
      const number = known.get(line) ?? known.size;
      known.set(line, number);
      return number;
    });
}

function withoutEnds(before: LineNumbers, after: LineNumbers, box: LineChange): LineChange {
  let { beforeStart, beforeEnd, afterStart, afterEnd } = box;
  while (beforeStart < beforeEnd && afterStart < afterEnd && before[beforeStart] === after[afterStart]) {
    beforeStart++;
    afterStart++;
  }
  while (beforeStart < beforeEnd && afterStart < afterEnd && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd--;
    afterEnd--;
  }
  return { beforeStart, beforeEnd, afterStart, afterEnd };
}

/** Changes that touch are one. */
function add(changes: LineChange[], next: LineChange): void {
  const last = changes.at(-1);
  if (last && last.beforeEnd === next.beforeStart && last.afterEnd === next.afterStart) {
    changes[changes.length - 1] = { ...last, beforeEnd: next.beforeEnd, afterEnd: next.afterEnd };
  } else {
    changes.push(next);
  }
}

/** A point that a shortest way through the box passes. */
interface Middle {
  readonly before: number;
  readonly after: number;
}

/** Diagonals of one direction: how far a way of so many changes comes on each. */
interface Front {
  readonly reach: Int32Array;
  /** Diagonals that have left the box are not followed any more. */
  first: number;
  last: number;
}

const UNREACHED = -1;

/** Looks from both corners of a box at once, until the two meet. */
class MiddleSearch {
  readonly #before: LineNumbers;
  readonly #after: LineNumbers;
  readonly #budget: DiffBudget;

  constructor(before: LineNumbers, after: LineNumbers, budget: DiffBudget) {
    this.#before = before;
    this.#after = after;
    this.#budget = budget;
  }

  /** Null when the budget runs out. The box has lines on both sides, and its corners differ. */
  find(box: LineChange): Middle | null {
    const width = box.beforeEnd - box.beforeStart;
    const height = box.afterEnd - box.afterStart;
    const changesMax = Math.ceil((width + height) / 2);
    // The tables alone are work for a large box.
    this.#budget.steps -= changesMax;
    if (this.#budget.steps <= 0) return null;
    const offset = changesMax + 1;
    const newFront = (): Front => {
      const reach = new Int32Array(2 * offset + 1).fill(UNREACHED);
      reach[offset + 1] = 0;
      return { reach, first: 0, last: 0 };
    };
    const [forth, back] = [newFront(), newFront()];
    const size = { width, height, offset };
    for (let changes = 0; changes <= changesMax; changes++) {
      const met =
        this.#advance(box, size, { front: forth, other: back, isBack: false }, changes) ??
        this.#advance(box, size, { front: back, other: forth, isBack: true }, changes);
      if (met !== null) return met;
      if (this.#budget.steps <= 0) return null;
    }
    return null;
  }

  #advance(
    box: LineChange,
    { width, height, offset }: { width: number; height: number; offset: number },
    { front, other, isBack }: { front: Front; other: Front; isBack: boolean },
    changes: number,
  ): Middle | null {
    const { reach } = front;
    const delta = width - height;
    // Ways of an odd number of changes meet while looking forth, those of an even one while looking back.
    const mayMeet = (delta % 2 !== 0) === !isBack;
    for (let diagonal = front.first - changes; diagonal <= changes - front.last; diagonal += 2) {
      const at = offset + diagonal;
      const above = reach[at + 1] ?? UNREACHED;
      const left = reach[at - 1] ?? UNREACHED;
      let x = diagonal === -changes || (diagonal !== changes && left < above) ? above : left + 1;
      let y = x - diagonal;
      const start = x;
      while (x < width && y < height && this.#areSame(box, x, y, isBack)) {
        x++;
        y++;
      }
      this.#budget.steps -= 1 + x - start;
      reach[at] = x;
      if (x > width) front.last += 2;
      else if (y > height) front.first += 2;
      else if (mayMeet) {
        const facing = other.reach[offset + delta - diagonal] ?? UNREACHED;
        if (facing !== UNREACHED && x + facing >= width) {
          const forthX = isBack ? facing : x;
          const forthDiagonal = isBack ? delta - diagonal : diagonal;
          return { before: box.beforeStart + forthX, after: box.afterStart + forthX - forthDiagonal };
        }
      }
    }
    return null;
  }

  #areSame(box: LineChange, x: number, y: number, isBack: boolean): boolean {
    return isBack
      ? this.#before[box.beforeEnd - 1 - x] === this.#after[box.afterEnd - 1 - y]
      : this.#before[box.beforeStart + x] === this.#after[box.afterStart + y];
  }
}
