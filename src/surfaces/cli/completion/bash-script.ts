import type { CommandShape, Completes, OptionShape } from '../program-shape.js';

/** A completion script for bash. Names of worlds and snapshots are asked of the running daemon; without one there are none. */
export function bashScript(program: CommandShape): string {
  const cases = program.members.map((member) => commandCase(member, program.options)).join('\n');
  return `# Completion of wr for bash. Try it: source <(wr completion bash)
_wr() {
  local cur prev command member i
  COMPREPLY=()
  cur="\${COMP_WORDS[COMP_CWORD]}"
  prev="\${COMP_WORDS[COMP_CWORD-1]}"
  command=""
  member=""
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      ${valueFlags(program.options).join('|')}) ((i++)) ;;
      -*) ;;
      *) if [[ -z "$command" ]]; then command="\${COMP_WORDS[i]}"; else member="\${COMP_WORDS[i]}"; break; fi ;;
    esac
  done
  if [[ -z "$command" ]]; then
    ${valueCases(program.options)}
    COMPREPLY=($(compgen -W ${quoted([...namesOf(program.members), 'help', ...flagsOf(program.options)])} -- "$cur"))
    return
  fi
  case "$command" in
    help) COMPREPLY=($(compgen -W ${quoted(namesOf(program.members))} -- "$cur")) ;;
${cases}
  esac
}
_wr_names() {
  COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" __complete "$1" 2>/dev/null)" -- "$2"))
}
complete -o default -F _wr wr world-runtime
`;
}

function commandCase(command: CommandShape, globals: readonly OptionShape[]): string {
  const options = [...command.options, ...globals];
  const { members } = command;
  const inside = members.map(
    (member) => `        ${member.names.join('|')})
          ${valueCases([...member.options, ...globals])}
          ${wordsAnd(member.argument, flagsOf([...member.options, ...globals]))} ;;`,
  );
  const body =
    members.length > 0
      ? `case "$member" in
        "") ${namesFirst(command.argument)}COMPREPLY+=($(compgen -W ${quoted([...namesOf(members), ...flagsOf(options)])} -- "$cur")) ;;
${inside.join('\n')}
      esac`
      : `${valueCases(options)}
      ${wordsAnd(command.argument, flagsOf(options))}`;
  return `    ${command.names.join('|')})
      ${body} ;;`;
}

/** Names that can stand where the name of a member can. */
function namesFirst(argument: Completes): string {
  return argument === 'worlds' || argument === 'snapshots' ? `_wr_names ${argument} "$cur"; ` : '';
}

/** What follows an option that takes a value. */
function valueCases(options: readonly OptionShape[]): string {
  const cases = options.flatMap(({ flags, value }) =>
    value === null ? [] : [`${flags.join('|')}) ${completing(value)} return ;;`],
  );
  return `case "$prev" in ${cases.join(' ')} esac`;
}

function completing(what: Completes): string {
  switch (what) {
    case 'worlds':
    case 'snapshots':
      return `_wr_names ${what} "$cur";`;
    case 'files':
    case 'commands':
    case 'anything':
      // The default of the shell: files.
      return '';
  }
}

function wordsAnd(argument: Completes, flags: readonly string[]): string {
  const options = `COMPREPLY=($(compgen -W ${quoted(flags)} -- "$cur"))`;
  const names = argument === 'worlds' || argument === 'snapshots' ? `_wr_names ${argument} "$cur"` : ':';
  return `if [[ "$cur" == -* ]]; then ${options}; else ${names}; fi`;
}

export function namesOf(commands: readonly CommandShape[]): string[] {
  return commands.flatMap(({ names }) => names);
}

export function flagsOf(options: readonly OptionShape[]): string[] {
  return [...new Set(options.flatMap(({ flags }) => flags))];
}

function valueFlags(options: readonly OptionShape[]): string[] {
  return options.flatMap(({ flags, value }) => (value === null ? [] : flags));
}

/** Words in single quotes; names of commands and options hold none. */
function quoted(words: readonly string[]): string {
  return `'${words.join(' ')}'`;
}
