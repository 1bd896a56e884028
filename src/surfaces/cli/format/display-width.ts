import { stripVTControlCharacters } from 'node:util';

/** Printable ASCII, the common case. */
const NARROW = /^[ -~]*$/;
const INVISIBLE = /^[\p{M}\p{Cf}]$/u;
/** Two columns wide in terminals: East Asian scripts and symbols, and emoji that are drawn as such. */
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])$/u;

/** Columns that a text takes in a terminal; colours take none. */
export function displayWidth(text: string): number {
  const plain = text.includes('\u001b') ? stripVTControlCharacters(text) : text;
  if (NARROW.test(plain)) return plain.length;
  let width = 0;
  for (const character of plain) {
    if (!INVISIBLE.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
