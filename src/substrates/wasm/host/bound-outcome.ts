import type { RunOutcome } from '../executor/executor-contract.js';
import { EFFECTS_CHARS_MAX } from '../executor/host-channel.js';

/** Longest value, message and traceback that leave the host, UTF-16 units: JSON may need six bytes for one. */
export const RESULT_CHARS_MAX = 512 * 1024;
const REASON_CHARS_MAX = 8 * 1024;

function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

/** The first `max` units, one less where that would cut a character in two. */
function head(text: string, max: number): string {
  return text.slice(0, isHighSurrogate(text, max - 1) ? max - 1 : max);
}

/** Lone surrogates as escapes, as Python shows them in output: such text has no UTF-8. */
function wellFormed(text: string): string {
  if (text.isWellFormed()) return text;
  return text.replace(/\p{Surrogate}/gu, (unit) => `\\u${unit.charCodeAt(0).toString(16)}`);
}

function cut(whole: string): string {
  const text = wellFormed(whole);
  if (text.length <= RESULT_CHARS_MAX) return text;
  return `${head(text, RESULT_CHARS_MAX)}… [cut: ${text.length} characters]`;
}

/** `text` in pieces of at most RESULT_CHARS_MAX units that join to it. */
export function* piecesOf(text: string): Generator<string> {
  for (let rest = text; rest !== ''; ) {
    const piece = head(rest, RESULT_CHARS_MAX);
    yield piece;
    rest = rest.slice(piece.length);
  }
}

/**
 * The outcome with every text well-formed and cut to a length that fits a frame: what one guest returns must never be able
 * to end the host that others share.
 */
export function boundOutcome(outcome: RunOutcome): RunOutcome {
  if (outcome.kind === 'interrupted') return outcome;
  if (outcome.kind === 'fatal') return { ...outcome, reason: head(outcome.reason, REASON_CHARS_MAX) };
  const { value, error, effects, runMs } = outcome;
  if (effects.length > 0 && JSON.stringify(effects).length > EFFECTS_CHARS_MAX) {
    return { kind: 'fatal', reason: 'the effects of the execution are too large together', runMs };
  }
  return {
    ...outcome,
    value: value === null ? null : cut(value),
    error:
      error === null
        ? null
        : { type: cut(error.type), message: cut(error.message), traceback: cut(error.traceback) },
  };
}
