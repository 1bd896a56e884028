import type { Command, Option } from 'commander';

/** What completion needs to know of the program, taken from the program itself so that the two cannot drift apart. */
export interface CommandShape {
  /** Its name and aliases. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly options: readonly OptionShape[];
  readonly members: readonly CommandShape[];
  /** What its first argument is. */
  readonly argument: Completes;
}

export interface OptionShape {
  readonly flags: readonly string[];
  readonly summary: string;
  /** Null when it takes no value. */
  readonly value: Completes | null;
}

/** What can stand in a place: names of these, files, or anything. */
export type Completes = 'worlds' | 'snapshots' | 'files' | 'commands' | 'anything';

/** The commands that are listed, with those of groups below them. */
export function shapeOf(program: Command): CommandShape {
  const { commands } = program;
  const first = program.registeredArguments[0]?.name();
  return {
    names: [program.name(), ...program.aliases()],
    summary: program.description(),
    options: [...program.options.map(optionShape), HELP],
    members: commands.filter(isListed).map(shapeOf),
    argument: completedBy(first),
  };
}

function completedBy(argument: string | undefined): Completes {
  switch (argument) {
    case 'world':
    case 'parent':
    case 'from':
    case 'place':
      return 'worlds';
    case 'snapshots':
      return 'snapshots';
    default:
      return 'anything';
  }
}

const HELP: OptionShape = { flags: ['-h', '--help'], summary: 'more on this command', value: null };

function isListed(command: Command): boolean {
  return !command.name().startsWith('__') && !('_hidden' in command && command._hidden === true);
}

/** By the option's name, unless its value is called a file or a folder. */
const VALUES: Readonly<Record<string, Completes>> = {
  '--snapshot': 'snapshots',
  '--to': 'snapshots',
  '--state': 'snapshots',
  '--good': 'snapshots',
  '--bad': 'snapshots',
  '--in': 'worlds',
  '--world': 'worlds',
  '--file': 'files',
  '--check': 'files',
  '--wheel': 'files',
};

function completedValue({ flags, long }: Option): Completes {
  if (/[<[](file|dir)\b/.test(flags)) return 'files';
  return VALUES[long ?? ''] ?? 'anything';
}

function optionShape(option: Option): OptionShape {
  const { short, long, description, required, optional } = option;
  const takesValue = required || optional;
  return {
    flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
    summary: description,
    value: takesValue ? completedValue(option) : null,
  };
}
