import { WorldError } from '../model/world-error.js';
import type { Condition } from './world-model.js';

/** Place of an outcome among those of a push-down, by name. @throws BAD_INPUT with the names that there are */
export function outcomeIndex(condition: Condition, name: string): number {
  const index = condition.outcomes.findIndex((outcome) => outcome.name === name);
  if (index >= 0) return index;
  const names = condition.outcomes.map((outcome) => outcome.name).join(', ');
  throw new WorldError(
    'BAD_INPUT',
    `There is no outcome ${JSON.stringify(name)}. The outcomes are: ${names}.`,
    {
      details: { outcome: name },
    },
  );
}
