import { isActionName, runAction } from '../../src/actions/table.js';
import { Caller, type ContestCall } from '../../src/contests/caller.js';
import { Answer, type GuestLanguage } from '../../src/contests/guest-program.js';
import type { TestRuntime } from './test-runtime.js';

/** Contests among guests of the simulated substrate. */

export interface CallerHow extends ContestCall {
  /** Called before each action; what it throws is what the action throws. */
  readonly before?: (action: string) => void;
}

/** The actions of a test's runtime. */
export function callerOf({ context }: TestRuntime, how: CallerHow = {}): Caller {
  return new Caller(async (action, input, call) => {
    how.before?.(action);
    if (!isActionName(action)) throw new Error(`no action ${action}`);
    return runAction(context, action, input, call);
  }, how);
}

/**
 * The language of simulated guests: a program ends in a whole number, or in the text of an answer. Data is what `get` of
 * its name answers.
 */
export const SIMULATED: GuestLanguage = {
  ask: (program, _what, data) => (data ? `set ${data.name} ${data.json}\n${program}` : program),
  answer: (value) => {
    if (value !== null && /^-?\d+$/.test(value)) return { is: 'number', number: value };
    if (value === null) return { is: 'nothing' };
    const text = value.slice(1, -1);
    return text.startsWith('{') ? Answer.parse(JSON.parse(text)) : { is: 'text', text };
  },
  report: (number) => `report value ${number}`,
};
