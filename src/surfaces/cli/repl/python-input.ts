/**
 * Decides whether what was typed is a whole piece of Python. Pure: it knows strings, brackets, line continuations and blocks,
 * not the grammar. What it takes for complete and is not, Python itself refuses.
 */

/** What is still open at the end of a text. */
interface Scan {
  /** Inside brackets or a triple-quoted string, or after a backslash at the end of a line. */
  readonly open: boolean;
  /** A logical line of it begins or announces a block: `def`, `@`, anything that ends in a colon. */
  readonly compound: boolean;
  /** The last logical line is a decorator: what it decorates is missing. */
  readonly decorator: boolean;
}

const BLOCK_WORD = /^(?:if|for|while|def|class|with|try|async)\b/;
/** Lines at the left margin that go on with the block before them. */
const CONTINUES = /^(?:else|elif|except|finally)\b/;
const QUOTES = ['"""', "'''", '"', "'"] as const;

/**
 * True when the text is to be run now. As in Python's own prompt, a block ends with an empty line; everything else ends where
 * its line does.
 */
export function isComplete(text: string): boolean {
  const { open, compound, decorator } = scan(text);
  if (open || decorator) return false;
  if (!compound) return true;
  const lines = text.split('\n');
  return lines.length > 1 && (lines.at(-1) ?? '').trim() === '';
}

/** Cuts a program into pieces that can be run one by one, line by line as they come. */
export class BlockReader {
  #lines: string[] = [];

  /** Takes a line; answers the piece that it ends, or that ended before it: then `ready` may have the line's own. */
  push(line: string): string | null {
    const before = this.#lines.join('\n');
    if (this.#lines.length === 0 || !endsBefore(before, line)) {
      this.#lines.push(line);
      const text = this.#lines.join('\n');
      const { open, compound, decorator } = scan(text);
      if (open || compound || decorator) return null;
      this.#lines = [];
      return text;
    }
    this.#lines = [line];
    return before;
  }

  /** The piece that waits to be taken without any further line: a simple line after a block. */
  ready(): string | null {
    const text = this.#lines.join('\n');
    if (this.#lines.length === 0) return null;
    const { open, compound, decorator } = scan(text);
    return open || compound || decorator ? null : this.end();
  }

  /** What is left at the end of the input. */
  end(): string | null {
    if (this.#lines.length === 0) return null;
    const text = this.#lines.join('\n');
    this.#lines = [];
    return text;
  }
}

/** A new piece begins with this line: at the left margin, after a block that is not open. */
function endsBefore(text: string, line: string): boolean {
  const { open, compound, decorator } = scan(text);
  if (open || decorator || !compound) return false;
  return line !== '' && !/^\s/.test(line) && !line.startsWith('#') && !CONTINUES.test(line);
}

function scan(text: string): Scan {
  let depth = 0;
  let compound = false;
  let decorator = false;
  let continued = false;
  let at = 0;
  /** Start of the logical line, and its last character that counts. */
  let start = 0;
  let last = '';
  const endLine = (end: number): void => {
    const logical = text.slice(start, end).trimStart();
    if (last !== '') {
      decorator = logical.startsWith('@');
      compound ||= decorator || last === ':' || BLOCK_WORD.test(logical);
    }
    last = '';
    start = end + 1;
  };
  while (at < text.length) {
    const character = text[at] as string;
    continued = false;
    if (character === '#') {
      at = lineEnd(text, at);
      continue;
    }
    const quote = QUOTES.find((one) => text.startsWith(one, at));
    if (quote !== undefined) {
      const end = stringEnd(text, at + quote.length, quote);
      if (end === null)
        return { open: quote.length === 3 || text.endsWith('\\'), compound, decorator: false };
      at = end;
      last = '"';
      continue;
    }
    if (character === '\\' && (at + 1 === text.length || text[at + 1] === '\n')) {
      continued = at + 1 === text.length || at + 2 === text.length;
      at += 2;
      continue;
    }
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth = Math.max(0, depth - 1);
    if (character === '\n' && depth === 0) endLine(at);
    else if (!/\s/.test(character)) last = character;
    at += 1;
  }
  endLine(text.length);
  return { open: depth > 0 || continued, compound, decorator };
}

/** Where the string that began before `from` ends; null when it does not. A one-line string ends with its line at the latest. */
function stringEnd(text: string, from: number, quote: string): number | null {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text.startsWith(quote, at)) return at + quote.length;
    else if (quote.length === 1 && text[at] === '\n') return at;
  }
  return null;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}
