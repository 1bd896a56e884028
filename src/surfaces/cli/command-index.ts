import type { CommandModule } from './cli-command.js';

/**
 * Where each command is, so that a command line loads its own module and nothing else. In the order of the help.
 * Commands that are not actions of the table come last.
 */
export const COMMAND_MODULES: readonly CommandModule[] = [
  {
    words: ['create', 'snapshot', 'branch', 'rewind', 'list', 'ls', 'show', 'delete', 'rm'],
    load: async () => (await import('./commands/world-commands.js')).WORLD_COMMANDS,
  },
  {
    words: ['rename', 'tag', 'snapshots', 'remove-snapshots'],
    load: async () => (await import('./commands/name-commands.js')).NAME_COMMANDS,
  },
  {
    words: ['exec', 'execute', 'exec-all', 'exec-in-all', 'execute-in-all', 'probe'],
    load: async () => (await import('./commands/execute-commands.js')).EXECUTE_COMMANDS,
  },
  {
    words: ['repl'],
    load: async () => [(await import('./commands/repl-command.js')).REPL_COMMAND],
  },
  {
    words: ['bisect'],
    load: async () => (await import('./commands/bisect-command.js')).BISECT_COMMANDS,
  },
  {
    words: ['verify', 'replay'],
    load: async () => (await import('./commands/history-commands.js')).HISTORY_COMMANDS,
  },
  {
    words: ['diff'],
    load: async () => (await import('./commands/diff-command.js')).DIFF_COMMANDS,
  },
  {
    words: ['files', 'list-files', 'read-file', 'upload-file', 'edit-files', 'copy-files'],
    load: async () => (await import('./commands/file-commands.js')).FILE_COMMANDS,
  },
  {
    words: ['push-down', 'pull-up', 'void'],
    load: async () => (await import('./commands/verse-commands.js')).VERSE_COMMANDS,
  },
  {
    words: ['walk'],
    load: async () => (await import('./commands/walk-command.js')).WALK_COMMANDS,
  },
  {
    words: ['best-of', 'tournament'],
    load: async () => (await import('./commands/contest-commands.js')).CONTEST_COMMANDS,
  },
  {
    words: [
      'ledger',
      'balances',
      'deposit',
      'withdraw',
      'transfer',
      'split',
      'merge',
      'ledger-history',
      'ledger-value',
      'ledger-verify',
    ],
    load: async () => (await import('./commands/ledger-commands.js')).LEDGER_COMMANDS,
  },
  {
    words: ['budget'],
    load: async () => (await import('./commands/budget-command.js')).BUDGET_COMMANDS,
  },
  {
    words: [
      'condition',
      'condition-open',
      'condition-list',
      'condition-show',
      'condition-propose',
      'condition-dispute',
      'condition-finalise',
      'condition-void',
    ],
    load: async () => (await import('./commands/condition-commands.js')).CONDITION_COMMANDS,
  },
  {
    words: ['market', 'market-open', 'market-quote', 'market-buy', 'market-sell', 'market-close'],
    load: async () => (await import('./commands/market-commands.js')).MARKET_COMMANDS,
  },
  {
    words: ['entities', 'branches', 'resolutions', 'metrics', 'log', 'graph', 'query'],
    load: async () => (await import('./commands/catalog-commands.js')).CATALOG_COMMANDS,
  },
  {
    words: ['triads'],
    load: async () => (await import('./commands/triads-command.js')).TRIADS_COMMANDS,
  },
  {
    words: ['contract'],
    load: async () => [(await import('./commands/contract-command.js')).CONTRACT_COMMAND],
  },
  {
    words: ['gc', 'du'],
    load: async () => (await import('./commands/storage-commands.js')).STORAGE_COMMANDS,
  },
  {
    words: ['up', 'down', 'status'],
    load: async () => (await import('./commands/daemon-commands.js')).DAEMON_COMMANDS,
  },
  {
    words: ['completion', '__complete'],
    load: async () => (await import('./commands/completion-command.js')).COMPLETION_COMMANDS,
  },
  {
    words: ['config'],
    load: async () => [(await import('./commands/config-command.js')).CONFIG_COMMAND],
  },
  {
    words: ['archive'],
    load: async () => (await import('./commands/journal-commands.js')).JOURNAL_COMMANDS,
  },
  {
    words: ['image', 'image-create', 'image-list', 'image-show', 'image-remove'],
    load: async () => (await import('./commands/image-commands.js')).IMAGE_COMMANDS,
  },
  {
    words: ['doctor'],
    load: async () => [(await import('./commands/doctor-command.js')).DOCTOR_COMMAND],
  },
  {
    words: ['demo'],
    load: async () => [(await import('./commands/demo-command.js')).DEMO_COMMAND],
  },
  {
    words: ['wev'],
    load: async () => [(await import('./commands/wev-command.js')).WEV_COMMAND],
  },
  {
    words: ['bench'],
    load: async () => [(await import('./commands/bench-command.js')).BENCH_COMMAND],
  },
];

/** Options before the command that take the next argument as their value. */
const OPTIONS_WITH_VALUE: readonly string[] = ['--data-dir', '--workers', '--isolate', '--lock-wait'];

/**
 * The modules that a command line needs: the one of the command that it calls; all when it asks for help, calls nothing, or
 * nothing that there is.
 */
export function modulesFor(args: readonly string[]): readonly CommandModule[] {
  const end = args.indexOf('--');
  const options = args.slice(0, end < 0 ? undefined : end);
  if (options.includes('--help') || options.includes('-h')) return COMMAND_MODULES;
  const word = commandWord(options);
  // It describes the whole program.
  if (word === 'completion') return COMMAND_MODULES;
  const modules = COMMAND_MODULES.filter(({ words }) => word !== undefined && words.includes(word));
  return modules.length > 0 ? modules : COMMAND_MODULES;
}

function commandWord(args: readonly string[]): string | undefined {
  return args.find((arg, index) => {
    const before = index === 0 ? '' : (args[index - 1] ?? '');
    return !arg.startsWith('-') && !OPTIONS_WITH_VALUE.includes(before);
  });
}
