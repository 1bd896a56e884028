import { runOptions, wholeOption } from '../support/run-options.js';
import { corpus } from './attacks/index.js';
import { byGroup, runAttacks } from './run-attacks.js';

const USAGE = `npm run attack -- OPTIONS: what hostile Python attempts; exit code 1 when an attempt gets through

  --group NAME  one group; with a wrong name, lists them
  --seed S      moves the interrupts; default 1
  --json        verdicts as JSON on stdout
`;

const values = runOptions(USAGE, {
  json: { type: 'boolean', default: false },
  group: { type: 'string' },
  seed: { type: 'string', default: '1' },
});
const seed = wholeOption('seed', values.seed);
const all = corpus(seed);
const groups = [...new Set(all.map(({ group }) => group))];
if (values.group !== undefined && !groups.includes(values.group)) {
  process.stderr.write(`--group takes one of: ${groups.join(', ')}\n`);
  process.exit(2);
}
const chosen = all.filter(({ group }) => values.group === undefined || group === values.group);
const stop = new AbortController();
process.once('SIGINT', () => {
  process.stderr.write('Stopping after the attempts that run.\n');
  stop.abort();
});
const build = new URL('../..', import.meta.url).pathname;
const verdicts = await runAttacks(build, chosen, { signal: stop.signal });
if (stop.signal.aborted) {
  process.stderr.write(`${verdicts.filter(Boolean).length} of ${chosen.length} attempts were made.\n`);
  process.exit(130);
}
const through = verdicts.filter(({ breaches }) => breaches.length > 0);
if (values.json) {
  const attempts = verdicts.map(({ attack, breaches, ended, ms }) => ({
    group: attack.group,
    name: attack.name,
    breaches,
    ended,
    ms: Math.round(ms),
  }));
  process.stdout.write(`${JSON.stringify({ seed, groups: byGroup(verdicts), attempts }, null, 2)}\n`);
} else {
  process.stdout.write(`seed ${seed}\n`);
  for (const { group, attempts, held, ended, ms } of byGroup(verdicts)) {
    const ways = Object.entries(ended).map(([status, count]) => `${status} ${count}`);
    process.stdout.write(
      `${group.padEnd(34)} ${held}/${attempts} held  ${Math.round(ms)} ms  ${ways.join(', ')}\n`,
    );
  }
  for (const { attack, breaches } of through) {
    process.stdout.write(`THROUGH ${attack.group}: ${attack.name}: ${breaches.join('; ')}\n`);
  }
}
process.exitCode = through.length > 0 ? 1 : 0;
