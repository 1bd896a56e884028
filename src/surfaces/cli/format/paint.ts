import { styleText } from 'node:util';
import type { Trit } from '../../../model/trit.js';

/** Colours text, or leaves it as it is where colour is not wanted. */
export interface Paint {
  heading(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  trit(trit: Trit, text: string): string;
}

export function paintFor(colour: boolean): Paint {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    colour ? styleText(format, text) : text;
  const trits = { '-1': style('blue'), '0': style('green'), '1': style('red') };
  return {
    heading: style('bold'),
    dim: style('dim'),
    good: style('green'),
    bad: style('red'),
    warn: style('yellow'),
    trit: (trit, text) => trits[`${trit}`](text),
  };
}
