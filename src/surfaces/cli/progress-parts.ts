import type { CallProgress } from '../client/transport.js';

/** Lines below the progress line: enough to follow a push-down, few enough for any terminal. */
const LINES_MAX = 8;

const SYMBOLS = { running: '…', done: '✓', failed: '✗' } as const;

/** Says on a line that a part has ended, for a log or a pipe, where nothing can be redrawn; nothing of other steps. */
export function endedPartLine({ done, total, part }: CallProgress): string {
  if (!part || part.state === 'running') return '';
  return `${SYMBOLS[part.state]} ${part.name} ${part.state} (${done}/${total})\n`;
}

/** What the parts of a call are doing, a line each: failures first, then what runs, then what was done last. */
export class ProgressParts {
  readonly #parts = new Map<string, keyof typeof SYMBOLS>();

  note({ part }: CallProgress): void {
    if (!part) return;
    // A part that changes moves to the end, so that order tells what happened last.
    this.#parts.delete(part.name);
    this.#parts.set(part.name, part.state);
  }

  /** The lines, each after a line break; empty when the call has no parts. */
  text(): string {
    const ofState = (wanted: keyof typeof SYMBOLS): string[] =>
      [...this.#parts]
        .filter(([, state]) => state === wanted)
        .map(([name]) => `${SYMBOLS[wanted]} ${name} ${wanted}`);
    const lines = [...ofState('failed').reverse(), ...ofState('running'), ...ofState('done').reverse()];
    const shown = lines.slice(0, LINES_MAX);
    if (lines.length > LINES_MAX) shown.push(`  and ${lines.length - LINES_MAX} more`);
    return shown.map((line) => `\n  ${line}`).join('');
  }
}
