import { DuInput, DuView, GcInput, GcView } from '../model/storage-api.js';
import { diskUsage } from '../runtime/disk-usage.js';
import { defineAction, given, waitOf } from './action.js';

const TOP_DEFAULT = 10;

export const gc = defineAction({
  name: 'gc',
  summary: 'forget states that retention does not keep, and free what only they needed',
  effect: 'changes',
  input: GcInput,
  output: GcView,
  async run(context, input, call) {
    const request = { ...given('dryRun', input.dryRun), ...given('onProgress', call.onProgress) };
    return context.upkeep.collect(request, waitOf(call));
  },
});

export const du = defineAction({
  name: 'du',
  summary: 'show what the data directory takes, by kind and by world',
  effect: 'reads',
  input: DuInput,
  output: DuView,
  async run(context, input) {
    context.requireOpen();
    const { kinds, top, ...usage } = await diskUsage(context, input.top ?? TOP_DEFAULT);
    return {
      ...usage,
      kinds: { ...kinds },
      top: top.map(({ world, states, durable }) => ({
        worldId: world.id,
        name: world.name,
        status: world.status,
        states,
        durable,
      })),
    };
  },
});
