import { parseArgs } from 'node:util';

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/**
 * The options of a command that runs tests for longer. Help and mistakes end the process here: code 0 and 2.
 *
 * @param usage what `--help` prints
 */
export function runOptions<const O extends Options>(
  usage: string,
  options: O,
): ReturnType<typeof parseArgs<{ options: O & { help: { type: 'boolean'; short: 'h' } } }>>['values'] {
  const withHelp = { ...options, help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values } = parseArgs<{ options: O & { help: { type: 'boolean'; short: 'h' } } }>({
      options: withHelp,
    });
    if (!(values as { help?: boolean }).help) return values;
    process.stdout.write(usage);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${usage}`);
    process.exit(2);
  }
  process.exit(0);
}

/** A whole number from `min` on, or the end of the process with code 2. */
export function wholeOption(name: string, text: string, min = 0): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= min) return number;
  process.stderr.write(`--${name} takes a whole number from ${min} on, not ${JSON.stringify(text)}\n`);
  process.exit(2);
}
