/**
 * By how much the last third may be above the middle third, and how much is no growth at all: numbers wobble with where
 * a sample falls between two collections.
 */
const LEVELS = {
  packs: { share: 0.25, slack: 4e6 },
  states: { share: 0.25, slack: 200 },
  heap: { share: 0.15, slack: 8e6 },
  rss: { share: 0.15, slack: 120e6 },
  slots: { share: 0.25, slack: 2000 },
};
/** The journal grows per execution in the last third as in the middle one, within this share. */
const LINEAR_SHARE = 0.5;

/** What is wrong with a soak, a line each; none when everything levels off and the journal grows evenly. */
export function findings(samples) {
  const third = Math.floor(samples.length / 3);
  if (third < 3) return [`only ${samples.length} samples: run longer`];
  const middle = samples.slice(third, 2 * third);
  const last = samples.slice(-third);
  const most = (part, field) => Math.max(...part.map((sample) => sample[field]));
  const grown = Object.entries(LEVELS).flatMap(([field, { share, slack }]) => {
    const [before, after] = [most(middle, field), most(last, field)];
    if (after <= before * (1 + share) + slack) return [];
    return [`${field} goes on growing: at most ${before} in the middle third, ${after} in the last`];
  });
  const [slow, fast] = [rate(middle), rate(last)];
  const uneven = Math.abs(fast - slow) > slow * LINEAR_SHARE;
  const journal = `the journal grows by ${slow.toFixed(0)} bytes an execution in the middle third, ${fast.toFixed(0)} in the last`;
  return [...grown, ...(uneven ? [journal] : [])];
}

function rate(part) {
  const [first, last] = [part[0], part.at(-1)];
  return (last.journal - first.journal) / Math.max(1, last.executions - first.executions);
}
