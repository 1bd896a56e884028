/**
 * Where the last statement of a piece of Python begins. Finding out here, by looking at the text, spares the guest
 * from building a syntax tree, which would touch many pages of its memory. The answer is a guess: the guest checks
 * it by compiling both parts, and falls back to the syntax tree.
 */
export type SplitSource =
  /** The last statement is certainly not an expression. */
  | { readonly kind: 'statements' }
  /** `tail` is perhaps an expression; `head` is what stands before it. */
  | { readonly kind: 'split'; readonly head: string; readonly tail: string };

const STATEMENT_START =
  /^(?:(?:assert|async|break|class|continue|def|del|except|elif|else|finally|for|from|global|if|import|nonlocal|pass|raise|return|try|while|with)\b|@)/;
/** Plain assignment to a name, attribute or item, with nothing that could hide a string or a bracket. */
const ASSIGNMENT = /^[A-Za-z_][\w.]*(?:\[[\w.'" ]*\])?\s*(?::[^=]*)?(?:[-+*/%@&|^]|\/\/|\*\*|<<|>>)?=(?!=)/;

export function splitSource(source: string): SplitSource {
  const scan = scanStatements(source);
  const tail = source.slice(scan.lastStart);
  if (tail === '') return { kind: 'statements' };
  const obvious = STATEMENT_START.test(tail) || ASSIGNMENT.test(tail);
  if (scan.certain && obvious && !scan.lastHasSemicolon) return { kind: 'statements' };
  return { kind: 'split', head: source.slice(0, scan.lastStart), tail };
}

interface Scan {
  /** Offset at which the last unindented logical line begins. */
  lastStart: number;
  lastHasSemicolon: boolean;
  /** False when something was met that this scanner does not follow exactly. */
  certain: boolean;
}

function scanStatements(source: string): Scan {
  const scan: Scan = { lastStart: source.length, lastHasSemicolon: false, certain: true };
  let depth = 0;
  let lineStart = true;
  for (let at = 0; at < source.length; ) {
    const char = source.charAt(at);
    if (lineStart) {
      lineStart = false;
      if (!/[\s#]/.test(char)) {
        scan.lastStart = at;
        scan.lastHasSemicolon = false;
      }
    }
    if (char === '#') at = lineEnd(source, at);
    else if (char === '"' || char === "'") at = stringEnd(source, at, scan);
    else {
      if ('([{'.includes(char)) depth++;
      else if (')]}'.includes(char)) depth--;
      else if (char === ';') scan.lastHasSemicolon = true;
      else if (char === '\n') lineStart = depth === 0 && source.charAt(at - 1) !== '\\';
      else if (char === '\r' || char === '\f') scan.certain = false;
      at++;
    }
  }
  if (depth !== 0) scan.certain = false;
  return scan;
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf('\n', from);
  return end < 0 ? source.length : end;
}

/** Offset after the string literal that begins at `from`. */
function stringEnd(source: string, from: number, scan: Scan): number {
  const quote = source.charAt(from);
  // The quotes inside a formatted string's braces may be the same ones: not followed.
  if (/[fFtT][rR]?$/.test(source.slice(Math.max(0, from - 2), from))) scan.certain = false;
  const triple = source.startsWith(quote.repeat(3), from);
  const close = triple ? quote.repeat(3) : quote;
  for (let at = from + close.length; at < source.length; at++) {
    if (source.charAt(at) === '\\') at++;
    else if (source.startsWith(close, at)) return at + close.length;
    else if (!triple && source.charAt(at) === '\n') break;
  }
  scan.certain = false;
  return from + close.length;
}
