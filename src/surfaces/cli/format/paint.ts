import type { Trit } from '../../../model/trit.js';

/** Colours text, or leaves it as it is where colour is not wanted. */
export interface Paint {
  /** Columns that there are; null: any number. */
  readonly width: number | null;
  heading(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  trit(trit: Trit, text: string): string;
  /** A colour `#rrggbb` as text, behind a patch of itself where colour is wanted. */
  swatch(hex: string): string;
}

/** Escape codes that begin and end a style. */
const STYLES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
} as const;

export function paintFor(colour: boolean, width: number | null = null): Paint {
  const style = (name: keyof typeof STYLES) => {
    const [on, off] = STYLES[name];
    return (text: string) => (colour ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  };
  const trits = { '-1': style('blue'), '0': style('green'), '1': style('red') };
  return {
    width,
    heading: style('bold'),
    dim: style('dim'),
    good: style('green'),
    bad: style('red'),
    warn: style('yellow'),
    trit: (trit, text) => trits[`${trit}`](text),
    swatch: (hex) => (colour ? `\u001b[48;2;${partsOf(hex)}m  \u001b[49m ${hex}` : hex),
  };
}

/** Red, green and blue as escape codes have them. */
function partsOf(hex: string): string {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(';');
}
