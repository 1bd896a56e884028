import { bestOf } from '../contests/best-of.js';
import { Caller } from '../contests/caller.js';
import { tournament } from '../contests/tournament.js';
import { BestOfInput, BestOfView, TournamentInput, TournamentView } from '../model/contest-api.js';
import { parse } from '../model/parse.js';
import { WorldError } from '../model/world-error.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { type Action, type Call, defineAction } from './action.js';
import { balances } from './ledger-actions.js';
import { probeAction } from './probe-action.js';
import { pullUpAction, pushDownAction, voidAction } from './verse-actions.js';
import { branchAction, deleteAction, executeInAllAction, show } from './world-actions.js';

export const bestOfAction = defineAction({
  name: 'best-of',
  summary: 'run a program several times, each in a verse of its own, and keep the best',
  effect: 'destroys',
  input: BestOfInput,
  output: BestOfView,
  run: (context, input, call) => bestOf(callerIn(context, call), input),
});

export const tournamentAction = defineAction({
  name: 'tournament',
  summary: 'have agents play for a stake, each in a verse of its own, and settle as a judge decides',
  effect: 'destroys',
  input: TournamentInput,
  output: TournamentView,
  run: (context, input, call) => tournament(callerIn(context, call), input),
});

/** What contests are made of. */
const PARTS: readonly Action[] = [
  balances,
  branchAction,
  deleteAction,
  executeInAllAction,
  probeAction,
  pullUpAction,
  pushDownAction,
  show,
  voidAction,
];

function callerIn(context: RuntimeContext, call: Call): Caller {
  return new Caller((name, input, how) => {
    const action = PARTS.find((one) => one.name === name);
    if (!action) throw new WorldError('INTERNAL', `No contest needs the action ${name}.`);
    return action.run(context, parse(action.input, input, name), how);
  }, call);
}
