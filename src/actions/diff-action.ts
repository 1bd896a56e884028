import { DIFF_PARTS, DiffInput, DiffView } from '../model/diff-api.js';
import { WorldError } from '../model/world-error.js';
import { PAGE_BYTES } from '../ports/page-store.js';
import type { Wait } from '../ports/substrate.js';
import { diffFiles } from '../runtime/diff-files.js';
import { diffVariables } from '../runtime/diff-variables.js';
import { findWorld } from '../runtime/find-world.js';
import { compareStates } from '../runtime/read-files.js';
import { findPlace, findState, type Place } from '../runtime/resolve-reference.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { defineAction, given, waitOf } from './action.js';
import { fileView } from './file-actions.js';

const CONTEXT_LINES_DEFAULT = 3;

export const diffAction = defineAction({
  name: 'diff',
  summary: 'show in what two worlds or states differ: files, variables, memory',
  effect: 'reads',
  input: DiffInput,
  output: DiffView,
  async run(context, input, call) {
    const { from, to } = findBoth(context, input);
    const [before, after] = [from.state, to.state];
    const { parts = DIFF_PARTS, content = true, contextLines = CONTEXT_LINES_DEFAULT } = input;
    const wait = waitOf(call);
    // Collected by nobody while it is looked at from several sides.
    const pinned = <T>(work: () => Promise<T>) => context.pinned(before, () => context.pinned(after, work));
    return pinned(async () => {
      const files = parts.includes('files')
        ? await filesOf(context, { before, after, content, contextLines }, wait)
        : null;
      const asked = { before, after, ...given('timeoutMs', input.timeoutMs) };
      const variables = parts.includes('variables') ? await variablesOf(context, asked, wait) : null;
      const pages = parts.includes('pages') ? await pagesOf(context, { before, after }, wait) : null;
      const different =
        (files?.differences.length ?? 0) > 0 ||
        (variables?.differences.length ?? 0) > 0 ||
        (pages?.differing ?? 0) > 0;
      return { from: sideOf(from), to: sideOf(to), different, files, variables, pages };
    });
  },
});

/** What was named; left out, the state in which the other world began. Which world is current stays as it is. */
function findBoth(context: RuntimeContext, input: DiffInput): { from: Place; to: Place } {
  const { model } = context;
  const current = (): Place => {
    const world = findWorld(context, undefined);
    return { world, state: world.head };
  };
  const to = input.to === undefined ? current() : findPlace(model, input.to);
  return { from: input.from === undefined ? beginningOf(context, to) : findPlace(model, input.from), to };
}

function beginningOf({ model }: RuntimeContext, { world }: Place): Place {
  const { state } = world.birth;
  if (!model.states.has(state)) {
    throw new WorldError(
      'STATE_NOT_FOUND',
      `Retention gave up the state in which world ${world.name} began. Name what to compare it with: wr diff STATE ${world.name}`,
      { details: { world: world.id, state } },
    );
  }
  return { world, state: findState(model, state) };
}

function sideOf({ world, state }: Place): DiffView['from'] {
  return { worldId: world.id, world: world.name, state };
}

async function filesOf(
  context: RuntimeContext,
  request: Parameters<typeof diffFiles>[1],
  wait: Wait,
): Promise<DiffView['files']> {
  if (request.before === request.after) return { differences: [], more: false };
  const { differences, more } = await diffFiles(context, request, wait);
  const views = differences.map(({ before, after, ...rest }) => ({
    ...rest,
    before: before && fileView(before),
    after: after && fileView(after),
  }));
  return { differences: views, more };
}

async function variablesOf(
  context: RuntimeContext,
  states: Parameters<typeof diffVariables>[1],
  wait: Wait,
): Promise<DiffView['variables']> {
  const { differences, unsure, ...rest } = await diffVariables(context, states, wait);
  return { ...rest, differences: [...differences], unsure: [...unsure] };
}

async function pagesOf(
  context: RuntimeContext,
  { before, after }: Pick<Parameters<typeof diffFiles>[1], 'before' | 'after'>,
  wait: Wait,
): Promise<DiffView['pages']> {
  const compared = await compareStates(context, before, after, wait);
  if (compared === null) {
    const problem =
      'The two are on different base images or substrates, so their memory has nothing in common.';
    return { problem, differing: null, total: null, pageBytes: PAGE_BYTES };
  }
  const { pagesDiffering: differing, pagesTotal: total } = compared;
  return { problem: null, differing, total, pageBytes: PAGE_BYTES };
}
