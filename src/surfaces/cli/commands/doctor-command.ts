import type { Command } from 'commander';
import { rebuildCatalog } from '../../../actions/maintenance.js';
import { WorldError } from '../../../model/world-error.js';
import { ownPackage } from '../../client/own-package.js';
import { examplesText, jsonText } from '../action-command.js';
import type { Cli, ComposedRuntime } from '../cli.js';
import type { CliCommand } from '../cli-command.js';
import { askDaemon } from '../daemon/ask-daemon.js';
import { type Check, fail, ok, warn } from '../doctor/check.js';
import { pagesChecks } from '../doctor/examine-pages.js';
import { examineRuntime, nodeCheck } from '../doctor/examine-runtime.js';
import { setCatalogAside } from '../doctor/set-catalog-aside.js';
import { type Paint, paintFor } from '../format/paint.js';
import { isolationWarning } from '../isolation-warning.js';
import { openAlone, openRuntime } from '../open-runtime.js';
import { startProgress } from '../progress.js';
import { type GlobalOptions, type Settings, settingsOf } from '../settings.js';

/** `wr doctor`: says what works here and what does not, and rebuilds the catalog when asked to. */
export const DOCTOR_COMMAND: CliCommand = {
  words: ['doctor'],
  group: undefined,
  register: (parent, cli) => registerDoctor(parent, cli),
};

function registerDoctor(program: Command, cli: Cli): Command {
  const command = program
    .command('doctor')
    .description('check Node, the data directory, the journal, the catalog and the engine')
    .option('--rebuild', 'project the whole journal into an empty catalog again')
    .option('--pages', 'read every page and state that is stored, and name what is damaged')
    .addHelpText(
      'after',
      examplesText([
        ['wr doctor', 'exit code 0 when no check fails'],
        ['wr doctor --pages', 'takes as long as reading all packs'],
        ['wr doctor --rebuild', 'the catalog anew, from the journal'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const checks = await runDoctor(cli, settings, command.opts<DoctorOptions>());
    const healthy = checks.every(({ status }) => status !== 'fail');
    cli.terminal.out(
      settings.json ? jsonText({ ok: healthy, checks }) : checksText(paintFor(cli.terminal.colour), checks),
    );
    cli.exitCode = healthy ? 0 : 1;
  });
  return command;
}

interface DoctorOptions {
  readonly rebuild?: boolean;
  readonly pages?: boolean;
}

async function runDoctor(cli: Cli, settings: Settings, options: DoctorOptions): Promise<Check[]> {
  const { rebuild = false, pages = false } = options;
  const { engines } = ownPackage();
  const checks = [nodeCheck(process.versions.node, engines.node)];
  const { signal } = cli.interruption;
  const progress = startProgress(cli.terminal, { text: 'Checking', quiet: settings.quiet });
  let opened = false;
  try {
    if (!rebuild && (await checkedByDaemon(settings, checks))) return checks;
    const runtime = rebuild
      ? await openDamaged(cli, settings, (check) => checks.push(check))
      : await openAlone(cli, settings, 'wr doctor');
    opened = true;
    try {
      if (rebuild) checks.push(await rebuildNow(() => rebuildCatalog(runtime.context)));
      checks.push(...(await examineRuntime(runtime.context, runtime.dataDir, signal)));
      if (pages) checks.push(...(await pagesChecks(runtime.storage?.pages, signal)));
    } finally {
      await runtime.close();
    }
    checks.push(ok('close', 'everything was written and let go of'));
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    checks.push(fail(opened ? 'close' : 'data directory', thrown));
  } finally {
    progress.stop();
  }
  return checks;
}

/** With a daemon, which has the data directory, there is less to look at from here. False: there is none. */
async function checkedByDaemon({ dataDir }: Settings, checks: Check[]): Promise<boolean> {
  const state = await askDaemon(dataDir);
  if (state.kind === 'none' || state.kind === 'gone') return false;
  const { pid, url, version } = state.daemon;
  if (state.kind === 'lives') {
    checks.push(fail('daemon', state.reason));
    return true;
  }
  const { worlds, substrates } = state.status;
  const total = worlds.running + worlds.snapshotted + worlds.ended;
  checks.push(ok('daemon', `process ${pid} answers at ${url}, version ${version}, ${total} worlds`));
  for (const { name, isolation } of substrates) {
    checks.push(ok('isolation', `${name}: ${isolation.join(', ') || 'nothing'} stands`));
  }
  const warning = isolationWarning(substrates);
  if (warning !== undefined) checks.push(warn('isolation', warning));
  checks.push(
    warn(
      'data directory',
      `${dataDir} is open in the daemon. To check journal, catalog and engine: wr down, wr doctor`,
    ),
  );
  return true;
}

/** Opens a data directory; a catalog that does not let it is set aside, to be made anew from the journal. */
async function openDamaged(
  cli: Cli,
  settings: Settings,
  tell: (check: Check) => void,
): Promise<ComposedRuntime> {
  try {
    return await openAlone(cli, settings, 'wr doctor --rebuild');
  } catch (thrown) {
    if (!(thrown instanceof WorldError) || thrown.code !== 'STORAGE_FAILED') throw thrown;
    const aside = await setCatalogAside(settings.dataDir);
    if (aside === null) throw thrown;
    try {
      const runtime = await openRuntime(cli, settings);
      tell(warn('old catalog', `it could not be opened and is now ${aside.path}: ${thrown.message}`));
      return runtime;
    } catch {
      // The catalog was not the reason, or not the only one.
      await aside.undo();
      throw thrown;
    }
  }
}

async function rebuildNow(work: () => Promise<number>): Promise<Check> {
  try {
    return ok('rebuild', `${await work()} entries were projected into an empty catalog`);
  } catch (thrown) {
    return fail('rebuild', thrown);
  }
}

function checksText(paint: Paint, checks: readonly Check[]): string {
  const colour = { ok: paint.good, warn: paint.warn, fail: paint.bad };
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(
      ({ name, status, message }) =>
        `${colour[status](status.padEnd(4))}  ${name.padEnd(width)}  ${message}\n`,
    )
    .join('');
}
