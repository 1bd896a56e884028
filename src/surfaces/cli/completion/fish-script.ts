import type { CommandShape, Completes, OptionShape } from '../program-shape.js';

/** A completion script for fish, with the summaries of commands and options. */
export function fishScript(program: CommandShape): string {
  const lines = [
    '# Completion of wr for fish. Try it: wr completion fish | source',
    'function __wr_names; command wr __complete $argv[1] 2>/dev/null; end',
    'complete -c wr -f',
    ...program.options.map((one) => optionLine('', one)),
    ...program.members.flatMap((member) => commandLines(member)),
    'complete -c world-runtime -w wr',
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines({ names, summary, options, members, argument }: CommandShape): string[] {
  const condition = ` -n ${quoted(`__fish_seen_subcommand_from ${names.join(' ')}`)}`;
  const names_ = names.map(
    (name) => `complete -c wr -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
  );
  const inside = members.flatMap((member) =>
    member.names.map((name) => `complete -c wr${condition} -a ${name} -d ${quoted(member.summary)}`),
  );
  const first =
    members.length > 0 && argument === 'anything'
      ? []
      : [`complete -c wr${condition}${completing(argument)}`];
  return [...names_, ...inside, ...first, ...options.map((one) => optionLine(condition, one))];
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
