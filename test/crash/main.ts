import { runOptions, wholeOption } from '../support/run-options.js';
import { type CrashSummary, crash } from './crash-run.js';

const USAGE = `npm run crash -- OPTIONS: kill -9 of daemon, executor hosts and workers in the middle of all verbs

  --kills N       default 100
  --seed S        of the choices, not of the moments; default: another one each time, which is printed
  --planted NAME  a daemon with a fault that must be found: late-journal, late-snapshot, late-pages,
                  resolution-in-two, last-entry-unread
  --json          the summary as JSON on stdout
`;

const values = runOptions(USAGE, {
  kills: { type: 'string', default: '100' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  planted: { type: 'string' },
  json: { type: 'boolean', default: false },
});
const kills = wholeOption('kills', values.kills, 1);
wholeOption('seed', values.seed);

const say = (line: string): void => void (values.json ? process.stderr : process.stdout).write(`${line}\n`);

function tell({ kills, verbs, visits, entries, examinations, sizes, seconds }: CrashSummary): void {
  for (const [kill, times] of Object.entries(kills)) say(`${String(times).padStart(6)} kills of a ${kill}`);
  for (const [verb, { ok, refused, unknown }] of Object.entries(verbs)) {
    say(`${verb.padEnd(16)} ${ok} answered, ${refused} refused, ${unknown} with the answer lost`);
  }
  const { journal = 0, catalog = 0, kept = 0 } = sizes.at(-1) ?? {};
  const [journalMb, catalogMb, keptMb] = [journal, catalog, kept].map((bytes) => (bytes / 1e6).toFixed(1));
  say(`at the end: journal ${journalMb} MB, catalog ${catalogMb} MB, pages and manifests ${keptMb} MB`);
  say(
    `${visits} looks into worlds and states, ${examinations} examinations, ${entries} entries, ${seconds.toFixed(0)} s`,
  );
  say('nothing acknowledged was lost, and nothing is half there');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
say(`seed ${values.seed}`);
const plan = { kills, seed: BigInt(values.seed), say };
try {
  const summary = await crash({
    ...plan,
    ...(values.planted === undefined ? {} : { planted: values.planted }),
  });
  if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else tell(summary);
} catch (thrown) {
  const planted = values.planted === undefined ? '' : ` --planted ${values.planted}`;
  process.stderr.write(`${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  process.stderr.write(
    `Repeat with: npm run crash -- --kills ${values.kills} --seed ${values.seed}${planted}\n`,
  );
  process.exitCode = 1;
}
