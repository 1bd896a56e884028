import type { z } from 'zod';
import { parse } from '../model/parse.js';
import { WorldError } from '../model/world-error.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import type { Action, Call } from './action.js';
import { bisectAction } from './bisect-action.js';
import { budgetAction } from './budget-action.js';
import { branches, entities, log, metrics, query, resolutions } from './catalog-actions.js';
import {
  conditionDispute,
  conditionFinalise,
  conditionList,
  conditionOpen,
  conditionPropose,
  conditionShow,
  conditionVoid,
  mergeAction,
  splitAction,
} from './condition-actions.js';
import { bestOfAction, tournamentAction } from './contest-actions.js';
import { diffAction } from './diff-action.js';
import { editFilesAction, listFilesAction, readFileAction, uploadFileAction } from './file-actions.js';
import { graphAction } from './graph-action.js';
import { replayAction, verifyAction } from './history-actions.js';
import { imageCreate, imageList, imageRemove, imageShow } from './image-actions.js';
import { archiveAction } from './journal-actions.js';
import {
  balances,
  depositAction,
  ledgerHistory,
  ledgerValue,
  ledgerVerify,
  transferAction,
  withdrawAction,
} from './ledger-actions.js';
import { marketBuy, marketClose, marketOpen, marketQuote, marketSell } from './market-actions.js';
import { removeSnapshotsAction, renameAction, snapshotsAction, tagAction } from './name-actions.js';
import { probeAction } from './probe-action.js';
import { status } from './status-action.js';
import { du, gc } from './storage-actions.js';
import { triadsAction } from './triads-action.js';
import { pullUpAction, pushDownAction, voidAction } from './verse-actions.js';
import { walkAction } from './walk-action.js';
import {
  branchAction,
  create,
  deleteAction,
  executeAction,
  executeInAllAction,
  list,
  rewindAction,
  show,
  snapshot,
} from './world-actions.js';

/** The whole API. A surface adds nothing to it and leaves nothing out without saying so. */
export const ACTIONS = {
  create,
  execute: executeAction,
  'execute-in-all': executeInAllAction,
  snapshot,
  snapshots: snapshotsAction,
  'remove-snapshots': removeSnapshotsAction,
  rename: renameAction,
  tag: tagAction,
  branch: branchAction,
  'push-down': pushDownAction,
  'pull-up': pullUpAction,
  void: voidAction,
  walk: walkAction,
  'best-of': bestOfAction,
  tournament: tournamentAction,
  rewind: rewindAction,
  probe: probeAction,
  bisect: bisectAction,
  verify: verifyAction,
  replay: replayAction,
  diff: diffAction,
  list,
  show,
  delete: deleteAction,
  'list-files': listFilesAction,
  'read-file': readFileAction,
  'upload-file': uploadFileAction,
  'edit-files': editFilesAction,
  log,
  graph: graphAction,
  deposit: depositAction,
  withdraw: withdrawAction,
  transfer: transferAction,
  split: splitAction,
  merge: mergeAction,
  'ledger-history': ledgerHistory,
  'ledger-value': ledgerValue,
  'ledger-verify': ledgerVerify,
  budget: budgetAction,
  balances,
  'condition-open': conditionOpen,
  'condition-list': conditionList,
  'condition-show': conditionShow,
  'condition-propose': conditionPropose,
  'condition-dispute': conditionDispute,
  'condition-finalise': conditionFinalise,
  'condition-void': conditionVoid,
  'market-open': marketOpen,
  'market-quote': marketQuote,
  'market-buy': marketBuy,
  'market-sell': marketSell,
  'market-close': marketClose,
  entities,
  branches,
  resolutions,
  metrics,
  query,
  triads: triadsAction,
  gc,
  du,
  status,
  archive: archiveAction,
  'image-create': imageCreate,
  'image-list': imageList,
  'image-show': imageShow,
  'image-remove': imageRemove,
} as const;

export type ActionName = keyof typeof ACTIONS;
/** True when the table has this action. */
export function isActionName(name: string): name is ActionName {
  return Object.hasOwn(ACTIONS, name);
}

export type ActionInput<N extends ActionName> = z.input<(typeof ACTIONS)[N]['input']>;
export type ActionOutput<N extends ActionName> = z.output<(typeof ACTIONS)[N]['output']>;

/**
 * Validates the input, runs the action and answers in the wire form.
 *
 * @throws WorldError always: an aborted signal becomes INTERRUPTED, anything unknown INTERNAL.
 */
export async function runAction<N extends ActionName>(
  context: RuntimeContext,
  name: N,
  input: unknown,
  call: Call = {},
): Promise<ActionOutput<N>> {
  const action: Action = ACTIONS[name];
  const parsed = parse(action.input, input ?? {}, name);
  try {
    return (await action.run(context, parsed, call)) as ActionOutput<N>;
  } catch (thrown) {
    throw asWorldError(thrown, name, call);
  }
}

function asWorldError(thrown: unknown, name: ActionName, call: Call): WorldError {
  if (thrown instanceof WorldError) return thrown;
  if (call.signal?.aborted) {
    return new WorldError('INTERRUPTED', `${name} was interrupted; nothing of it was kept.`, {
      cause: thrown,
    });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new WorldError(
    'INTERNAL',
    `${name} failed: ${reason}. This is a defect of world-runtime; please report it.`,
    {
      cause: thrown,
    },
  );
}
