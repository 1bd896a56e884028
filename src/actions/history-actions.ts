import { ReplayInput, ReplayView, VerifyInput, VerifyView } from '../model/history-api.js';
import { findWorld } from '../runtime/find-world.js';
import { replayWorld } from '../runtime/replay-world.js';
import { findState } from '../runtime/resolve-reference.js';
import { verifyWorld } from '../runtime/verify-world.js';
import { defineAction, given, waitOf } from './action.js';
import { worldView } from './views.js';

export const verifyAction = defineAction({
  name: 'verify',
  summary:
    "run a world's history again in a fresh executor and compare every result and state with the journal",
  effect: 'reads',
  input: VerifyInput,
  output: VerifyView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const { head, name } = world;
    const from = input.from === undefined ? undefined : findState(context.model, input.from);
    const request = {
      world,
      ...given('from', from),
      onStep: (done: number, total: number) =>
        call.onProgress?.({ done, total, what: 'executions run again' }),
    };
    const nameOf = (id: typeof world.id): string => context.model.worlds.get(id)?.name ?? id;
    const stretches = (await verifyWorld(context, request, waitOf(call))).map(
      ({ executions, ...stretch }) => ({
        ...stretch,
        executions: executions.map((one) => ({ ...one, world: nameOf(one.worldId) })),
      }),
    );
    const executions = stretches.reduce((sum, stretch) => sum + stretch.executions.length, 0);
    return { worldId: world.id, world: name, head, executions, stretches };
  },
});

export const replayAction = defineAction({
  name: 'replay',
  summary: "make a world of any moment of a world's past, also of one that retention gave up",
  effect: 'changes',
  input: ReplayInput,
  output: ReplayView,
  async run(context, input, call) {
    const source = findWorld(context, input.world);
    const saying = (what: string) => (done: number, total: number) =>
      call.onProgress?.({ done, total, what });
    const request = {
      to: String(input.to),
      ...given('name', input.name),
      onRead: saying('journal entries read'),
      onStep: saying('executions run again'),
    };
    const { world, ...replayed } = await replayWorld(context, source, request, waitOf(call));
    return { ...replayed, source: source.name, world: worldView(context, world) };
  },
});
