import type { Command } from 'commander';
import { rebuildCatalog } from '../../../actions/maintenance.js';
import { examplesText, jsonText } from '../action-command.js';
import type { Cli } from '../cli.js';
import { type Check, fail, ok } from '../doctor/check.js';
import { examineRuntime, nodeCheck } from '../doctor/examine-runtime.js';
import { type Paint, paintFor } from '../format/paint.js';
import { openRuntime } from '../open-runtime.js';
import { ownPackage } from '../own-package.js';
import { startProgress } from '../progress.js';
import { type GlobalOptions, type Settings, settingsOf } from '../settings.js';

/** `wr doctor`: says what works here and what does not, and rebuilds the catalog when asked to. */
export function registerDoctor(program: Command, cli: Cli): void {
  const command = program
    .command('doctor')
    .description('check Node, the data directory, the journal, the catalog and the engine')
    .option('--rebuild', 'project the whole journal into an empty catalog again')
    .addHelpText(
      'after',
      examplesText([
        ['wr doctor', 'exit code 0 when no check fails'],
        ['wr doctor --rebuild', 'the catalog anew, from the journal'],
      ]),
    );
  command.action(async () => {
    const settings = settingsOf(command.optsWithGlobals<GlobalOptions>(), cli.env);
    const { rebuild = false } = command.opts<{ rebuild?: boolean }>();
    const checks = await runDoctor(cli, settings, rebuild);
    const healthy = checks.every(({ status }) => status !== 'fail');
    cli.terminal.out(
      settings.json ? jsonText({ ok: healthy, checks }) : checksText(paintFor(cli.terminal.colour), checks),
    );
    cli.exitCode = healthy ? 0 : 1;
  });
}

async function runDoctor(cli: Cli, settings: Settings, rebuild: boolean): Promise<Check[]> {
  const { engines } = ownPackage();
  const checks = [nodeCheck(process.versions.node, engines.node)];
  const { signal } = cli.interruption;
  const progress = startProgress(cli.terminal, { text: 'Checking', quiet: settings.quiet });
  try {
    const runtime = await openRuntime(cli, settings);
    try {
      if (rebuild) checks.push(await rebuildNow(() => rebuildCatalog(runtime.context)));
      checks.push(...(await examineRuntime(runtime.context, runtime.dataDir, signal)));
    } finally {
      await runtime.close();
    }
    checks.push(ok('close', 'everything was written and let go of'));
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const opened = checks.length > 1;
    checks.push(fail(opened ? 'close' : 'data directory', thrown));
  } finally {
    progress.stop();
  }
  return checks;
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
