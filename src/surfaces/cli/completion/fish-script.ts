import type { CommandShape, Completes, OptionShape } from '../program-shape.js';

/** A completion script for fish, with the summaries of commands and options. */
export function fishScript(program: CommandShape): string {
  const lines = [
    '# Completion of wr for fish. Try it: wr completion fish | source',
    'function __wr_names; command wr __complete $argv[1] 2>/dev/null; end',
    ...placeFunction(program.options),
    'complete -c wr -f',
    ...program.options.map((one) => optionLine('', one)),
    ...program.members.flatMap((member) => commandLines(member)),
    ...wordLines('__wr_at', ['help'], 'more on a command'),
    ...program.members.flatMap(({ names, summary }) => wordLines('__wr_at help', names, summary)),
    'complete -c world-runtime -w wr',
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * `__wr_at`: no command yet; `__wr_at exec,execute`: behind that command; `__wr_at image .`: and no member yet;
 * `__wr_at image list,ls`: behind that member.
 */
function placeFunction(globals: readonly OptionShape[]): string[] {
  const valued = globals.flatMap(({ flags, value }) => (value === null ? [] : flags));
  return [
    'function __wr_at',
    '  set -l words',
    '  set -l skip 0',
    '  for token in (commandline -opc)[2..-1]',
    '    if test $skip = 1; set skip 0; continue; end',
    '    switch $token',
    `      case ${valued.join(' ')}; set skip 1`,
    "      case '-*'",
    "      case '*'; set -a words $token",
    '    end',
    '  end',
    '  if test (count $argv) = 0; test (count $words) = 0; return; end',
    '  contains -- "$words[1]" (string split , -- $argv[1]); or return 1',
    '  test (count $argv) = 1; and return 0',
    '  if test $argv[2] = .; test (count $words) = 1; return; end',
    '  contains -- "$words[2]" (string split , -- $argv[2])',
    'end',
  ];
}

function commandLines(command: CommandShape): string[] {
  const { names, summary, options, members, argument } = command;
  const place = `__wr_at ${names.join(',')}`;
  const isGroup = members.length > 0;
  return [
    ...wordLines('__wr_at', names, summary),
    ...members.flatMap((member) => [
      ...wordLines(`${place} .`, member.names, member.summary),
      ...leafLines(`${place} ${member.names.join(',')}`, member),
    ]),
    ...(isGroup && argument === 'anything' ? [] : [argumentLine(isGroup ? `${place} .` : place, argument)]),
    ...options.map((one) => optionLine(conditionOf(isGroup ? `${place} .` : place), one)),
  ];
}

function leafLines(place: string, { argument, options }: CommandShape): string[] {
  return [argumentLine(place, argument), ...options.map((one) => optionLine(conditionOf(place), one))];
}

function wordLines(place: string, names: readonly string[], summary: string): string[] {
  return names.map((name) => `complete -c wr${conditionOf(place)} -a ${name} -d ${quoted(summary)}`);
}

function argumentLine(place: string, argument: Completes): string {
  return `complete -c wr${conditionOf(place)}${completing(argument === 'anything' ? 'files' : argument)}`;
}

function conditionOf(place: string): string {
  return ` -n ${quoted(place)}`;
}

function optionLine(condition: string, { flags, summary, value }: OptionShape): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
  );
  const takes = value === null ? '' : ` -r${completing(value)}`;
  return `complete -c wr${condition}${names.join('')}${takes} -d ${quoted(summary)}`;
}

function completing(what: Completes): string {
  switch (what) {
    case 'worlds':
    case 'snapshots':
      return ` -a '(__wr_names ${what})'`;
    case 'files':
      return ' -F';
    case 'commands':
    case 'anything':
      return '';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
