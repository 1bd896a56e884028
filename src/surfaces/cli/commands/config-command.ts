import type { Command } from 'commander';
import { examplesText, jsonText } from '../action-command.js';
import type { Cli } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { CONFIG_KEYS, type ConfigKey, type ConfigValue } from '../config/config-keys.js';
import { PROJECT_FILE, projectFile, userFile } from '../config/read-config.js';
import { paintFor } from '../format/paint.js';
import { table } from '../format/table.js';
import { type GlobalOptions, requireLimits, type Settings, settingsOf } from '../settings.js';

/** `wr config`: what holds here, and who said it. */
export const CONFIG_COMMAND: CliCommand = {
  words: ['config'],
  group: undefined,
  register: (parent, cli) => registerConfig(parent, cli),
};

const AFTER_HELP = `
Each setting is taken from the first that has it:
  a flag                   --data-dir, --workers, --isolate, --lock-wait
  a variable               such as WORLD_WORKERS or WORLD_LIMITS_TIMEOUT_MS
  the project's file       ${PROJECT_FILE} in this folder or the nearest one above
  your file                $XDG_CONFIG_HOME/world-runtime/config.json (or ~/.config/...)

A file is JSON: { "workers": 4, "limits": { "timeoutMs": "2m", "memoryBytes": "256MiB" } }
A daemon has the settings that it was started with.

Settings:
${CONFIG_KEYS.map(({ path, variable, summary }) => `  ${path.padEnd(21)}  ${variable.padEnd(28)}  ${summary}`).join('\n')}
`;

function registerConfig(program: Command, cli: Cli): Command {
  const command = program
    .command('config')
    .description('the settings that hold here, and where each comes from')
    .addHelpText('after', AFTER_HELP)
    .addHelpText(
      'after',
      examplesText([
        ['wr config', 'every setting, its value and who said it'],
        ['wr config --json', 'for a program'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    await requireLimits(settings);
    const defaults = await defaultsOf(settings);
    const rows = CONFIG_KEYS.map((key) => rowOf(key, settings, defaults));
    const files = { project: projectFile(process.cwd()), user: userFile(cli.env) };
    if (settings.json) {
      const values = Object.fromEntries(rows.map(({ path, value, from }) => [path, { value, from }]));
      cli.terminal.out(jsonText({ settings: values, files }));
      return;
    }
    const columns = [{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }];
    const texts = rows.map(({ path, value, from }) => [
      path,
      value === null ? AUTOMATIC : String(value),
      from,
    ]);
    cli.terminal.out(table(paintFor(cli.terminal.colour), columns, texts));
  });
  return command;
}

const AUTOMATIC = '(automatic)';

interface Row {
  readonly path: string;
  /** Null: the runtime decides. */
  readonly value: ConfigValue | null;
  readonly from: string;
}

function rowOf({ path }: ConfigKey, { configured }: Settings, defaults: Record<string, ConfigValue>): Row {
  const said = configured.get(path);
  return { path, value: said?.value ?? defaults[path] ?? null, from: said?.from ?? 'default' };
}

async function defaultsOf({ dataDir }: Settings): Promise<Record<string, ConfigValue>> {
  const { DEFAULT_LIMITS, RuntimeLimits } = await import('../../../model/limits.js');
  const limits = Object.entries({ ...DEFAULT_LIMITS, ...RuntimeLimits.parse({}) }).map(
    ([name, value]) => [`limits.${name}`, value] as const,
  );
  return { dataDir, lockWaitMs: 10_000, isolate: 'none', ...Object.fromEntries(limits) };
}
