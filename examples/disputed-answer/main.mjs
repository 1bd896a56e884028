// A question without worlds: money is split by it, the first answer is disputed, a Python function finds the right one, and only
// when the window for disputes is over does anybody get anything.
//
//   node examples/disputed-answer/main.mjs
import { setTimeout as sleep } from 'node:timers/promises';
import { numbersFrom, withRuntime } from '../with-runtime.mjs';

const { window, dataDir } = numbersFrom({ window: [2, 'seconds for which an answer can be disputed'] });

/** The oracle's own look at the question, in a world that nobody else touched. */
const ORACLE = `
MILLIMETRES = [0, 0, 3, 0, 1, 0, 0]

def oracle(outcomes):
    return "rain" if sum(MILLIMETRES) > 0 else "dry"
`;

await withRuntime(dataDir, async (runtime) => {
  const farmer = await runtime.create({ name: 'farmer' });
  const baker = await runtime.create({ name: 'baker' });
  for (const world of [farmer, baker]) await world.deposit('USD', 100n);

  const outcomes = [
    { name: 'rain', probability: '0.4' },
    { name: 'dry', probability: '0.6' },
  ];
  const { conditionId } = await runtime.conditions.open({
    world: farmer.id,
    outcomes,
    disputeWindow: window,
  });
  // Both put 60 in: each then has 60 if it rains and 60 if not, in verses of their own.
  await farmer.split('USD', 60n, conditionId);
  await baker.split('USD', 60n, conditionId);
  say('The question: rain or dry? Both split 60 of their 100 USD by it.');

  const hasty = await runtime.conditions.propose({ condition: conditionId, outcome: 'dry' });
  say(
    `Proposed by hand: ${hasty.proposal.outcome}. ${await attempt(() => runtime.conditions.finalise(conditionId))}`,
  );

  const disputed = await runtime.conditions.dispute({
    condition: conditionId,
    as: farmer.id,
    evidence: { note: 'my field was wet' },
  });
  say(`The farmer disputes it: ${disputed.state}.`);

  const found = await runtime.conditions.propose({ condition: conditionId, oracle: 'python', code: ORACLE });
  say(`Proposed by a Python function: ${found.proposal.outcome}.`);
  say(
    `Somebody else says dry. ${await attempt(() => runtime.conditions.propose({ condition: conditionId, outcome: 'dry' }))}`,
  );

  await sleep(1000 * window + 50);
  const late = await attempt(() => runtime.conditions.dispute({ condition: conditionId, as: baker.id }));
  say(`The baker disputes it, too late. ${late}`);
  const { state, settled } = await runtime.conditions.finalise(conditionId);
  say(`It is made final: ${state}, ${settled}.`);
  for (const world of [farmer, baker]) {
    const [{ amount }] = await world.balances();
    say(`${world.name} has ${amount} USD: 40 that were never at stake, and 60 that won.`);
  }
});

/** What an attempt was refused for. */
async function attempt(work) {
  try {
    await work();
    return 'That was allowed.';
  } catch (error) {
    return `Refused: ${error.code}.`;
  }
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
