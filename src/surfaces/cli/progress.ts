import type { Terminal } from './terminal.js';

/** Nothing is shown for what takes less than this, ms. */
const DELAY_MS = 1000;

/** A line on stderr that says what takes so long. */
export interface Progress {
  /** Changes what it says. */
  update(text: string): void;
  /** Takes it away for good: guest output or the result comes now. */
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/** Progress of one step. Shown after a second, only to a person, never when `quiet`. */
export function startProgress(terminal: Terminal, options: { text: string; quiet: boolean }): Progress {
  if (!terminal.interactive || options.quiet) return SILENT;
  let { text } = options;
  let stopped = false;
  let spinner: { text: string; stop(): unknown } | null = null;
  const timer = setTimeout(() => {
    show().catch(() => {});
  }, DELAY_MS);
  const show = async (): Promise<void> => {
    const { default: ora } = await import('ora');
    // Raw mode on stdin would take Ctrl-C away from the process group, so stdin is left alone.
    const looks = terminal.colour ? {} : ({ color: false } as const);
    if (!stopped) spinner = ora({ text, discardStdin: false, hideCursor: false, ...looks }).start();
  };
  return {
    update: (next) => {
      text = next;
      if (spinner) spinner.text = next;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}
