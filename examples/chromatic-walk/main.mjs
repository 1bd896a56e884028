// Three agents walk through colours: one proposes, one makes a step of it, one checks, each in a verse of its own. A coordinator that
// cheats is found out, and the world never sees what it did.
//
//   node examples/chromatic-walk/main.mjs [--seed 1069] [--steps 4]
import { readFileSync } from 'node:fs';
import { columns, evaluate, numbersFrom, withRuntime } from '../with-runtime.mjs';

const CHEAT = readFileSync(new URL('cheat.py', import.meta.url), 'utf8');

const { seed, steps, dataDir } = numbersFrom({
  seed: [1069, 'genesis of the walk'],
  steps: [4, 'steps to take before the cheat comes'],
});

await withRuntime(dataDir, async (runtime) => {
  const honest = await runtime.create();
  print(`Honest agents, genesis ${seed}:\n\n${rows(await honest.walk({ steps, seed }))}\n`);

  const before = await honest.show();
  const cheated = await honest.walk({ steps: 1, attempts: 2, coordinator: CHEAT });
  const after = await honest.show();
  print(`A coordinator that takes colours nobody proposed:\n\n${rows(cheated)}\n`);
  print(`The world ${before.head === after.head ? 'is where it was' : 'has moved'}.\n\n`);

  // The agents that are built in go on where they were.
  const resumed = await honest.walk({ steps: 1 });
  const other = await runtime.create();
  const whole = await other.walk({ steps: steps + 1, seed });
  const same = whole.walkRoot === resumed.walkRoot;
  print(`Another world walks ${steps + 1} steps at once: ${same ? 'the same walk' : 'another walk'}, `);
  print(
    `root ${whole.walkRoot.slice(0, 16)}, ${await evaluate(other, 'len({s["colour"] for s in walk})')} colours.\n`,
  );
});

/** What came of each proposal. A state's own root is left out: it is another in every data directory. */
function rows({ turns }) {
  const lines = turns.map(({ step, seed: drawn, colour, trits, gf3Sum, reason, walkRoot }) => [
    step,
    drawn,
    colour ?? '-',
    trits.join(' '),
    gf3Sum,
    walkRoot?.slice(0, 16) ?? '-',
    reason === null ? 'accepted' : 'rejected',
  ]);
  const why = turns.flatMap(({ reason }) => (reason === null ? [] : [`  ${reason}\n`]));
  return (
    columns([['step', 'seed', 'colour', 'trits', 'sum', 'walk root', 'result'], ...lines]) + why.join('')
  );
}

function print(text) {
  process.stdout.write(text);
}
