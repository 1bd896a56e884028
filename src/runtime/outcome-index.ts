import { WorldError } from '../model/world-error.js';

/** Place of an outcome among those of a question, by name. @throws BAD_INPUT with the names that there are */
export function outcomeIndex(outcomes: readonly { readonly name: string }[], name: string): number {
  const index = outcomes.findIndex((outcome) => outcome.name === name);
  if (index >= 0) return index;
  const names = outcomes.map((outcome) => outcome.name).join(', ');
  throw new WorldError(
    'BAD_INPUT',
    `There is no outcome ${JSON.stringify(name)}. The outcomes are: ${names}.`,
    {
      details: { outcome: name },
    },
  );
}
