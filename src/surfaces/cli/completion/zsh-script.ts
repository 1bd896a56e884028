import type { CommandShape, Completes, OptionShape } from '../program-shape.js';

/** A completion script for zsh, with the summaries of commands and options. */
export function zshScript(program: CommandShape): string {
  return `#compdef wr world-runtime
# Completion of wr for zsh. Try it: source <(wr completion zsh)
_wr_names() {
  local -a names
  names=(\${(f)"$($words[1] __complete $1 2>/dev/null)"})
  compadd -a names
}
_wr() {
  local context state line
  local -a commands
  commands=(
${program.members.flatMap(described).join('\n')}
  )
  _arguments -C \\
${program.options.map((one) => `    ${argumentOf(one)} \\`).join('\n')}
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${program.members.map((member) => commandCase(member)).join('\n')}
      esac ;;
  esac
}
if [ "$funcstack[1]" = _wr ]; then _wr "$@"; else compdef _wr wr world-runtime; fi
`;
}

function described({ names, summary }: CommandShape): string[] {
  return names.map((name) => `    ${quoted(`${name}:${summary}`)}`);
}

function commandCase({ names, options, members, argument }: CommandShape): string {
  const words = members.flatMap((member) => member.names).join(' ');
  const rest = members.length === 0 ? `'1: :${action(argument)}' '*: :_files'` : memberOr(argument, words);
  return `        ${names.join('|')}) _arguments ${options.map(argumentOf).join(' ')} ${rest} ;;`;
}

/** The first word of a command with members: one of them or, when it also runs by itself, its own argument. */
function memberOr(argument: Completes, words: string): string {
  return argument === 'anything'
    ? `'1:member:(${words})'`
    : `'1: :{compadd -- ${words}; ${action(argument)}}' '*: :_files'`;
}

function argumentOf({ flags, summary, value }: OptionShape): string {
  const text = summary.replace(/[[\]\\:]/g, '\\$&');
  const exclusive = flags.length > 1 ? `(${flags.join(' ')})` : '';
  const spec = `[${text}]${value === null ? '' : `: :${action(value)}`}`;
  if (flags.length === 1) return quoted(`${flags[0]}${spec}`);
  return `${quoted(exclusive)}{${flags.join(',')}}${quoted(spec)}`;
}

function action(what: Completes): string {
  switch (what) {
    case 'worlds':
    case 'snapshots':
      return `_wr_names ${what}`;
    case 'files':
      return '_files';
    case 'commands':
    case 'anything':
      return ' ';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
