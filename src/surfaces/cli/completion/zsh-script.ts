import type { CommandShape, Completes, OptionShape } from '../program-shape.js';

/** A completion script for zsh, with the summaries of commands and options. Each command with members has a function of its own. */
export function zshScript(program: CommandShape): string {
  const groups = program.members.filter(({ members }) => members.length > 0);
  return `#compdef wr world-runtime
# Completion of wr for zsh. Try it: source <(wr completion zsh)
_wr_names() {
  local -a names
  names=(\${(f)"$($_wr_command __complete $1 2>/dev/null)"})
  compadd -a names
}
${groups.map(groupFunction).join('')}_wr() {
  local context state line
  local _wr_command=$words[1]
  local -a commands
  commands=(
${program.members.flatMap(described).join('\n')}
    'help:more on a command'
  )
  _arguments -C \\
${program.options.map((one) => `    ${argumentOf(one)} \\`).join('\n')}
    '1: :->command' '*:: :->rest'
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
${program.members.map((member) => `        ${member.names.join('|')}) ${inside(member)} ;;`).join('\n')}
        help) _describe -t commands command commands ;;
      esac ;;
  esac
}
if [ "$funcstack[1]" = _wr ]; then _wr "$@"; else compdef _wr wr world-runtime; fi
`;
}

function described({ names, summary }: CommandShape): string[] {
  return names.map((name) => `    ${quoted(`${name}:${summary}`)}`);
}

/** What completes the words behind a command's name. */
function inside(command: CommandShape): string {
  return command.members.length === 0 ? leaf(command) : functionName(command);
}

function functionName({ names }: CommandShape): string {
  return `_wr_in_${(names[0] ?? '').replace(/\W/g, '_')}`;
}

function leaf({ options, argument }: CommandShape): string {
  // An argument that only says what it is would keep a single option from being inserted.
  const first = argument === 'anything' ? '' : ` '1: :${action(argument)}'`;
  return `_arguments ${options.map(argumentOf).join(' ')}${first} '*: :_files'`;
}

/** The first word is a member or, when the command also runs by itself, its own argument. */
function groupFunction(command: CommandShape): string {
  const { members, options, argument } = command;
  const first = argument === 'anything' ? '' : `${action(argument)}; `;
  return `${functionName(command)}() {
  local context state line
  local -a members
  members=(
${members.flatMap(described).join('\n')}
  )
  _arguments -C ${options.map(argumentOf).join(' ')} '1: :->member' '*:: :->rest'
  case $state in
    member) ${first}_describe -t commands member members ;;
    rest)
      case $words[1] in
${members.map((member) => `        ${member.names.join('|')}) ${leaf(member)} ;;`).join('\n')}
      esac ;;
  esac
}
`;
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
