import { StatusInput, StatusView } from '../model/status-api.js';
import { defineAction } from './action.js';

export const status = defineAction({
  name: 'status',
  summary: 'whether a daemon runs, and what it holds: worlds, states, memory',
  effect: 'reads',
  input: StatusInput,
  output: StatusView,
  async run({ model, parts }) {
    const worlds = { running: 0, snapshotted: 0, ended: 0 };
    for (const world of model.worlds.values()) {
      if (world.status === 'running' || world.status === 'snapshotted') worlds[world.status] += 1;
      else worlds.ended += 1;
    }
    return {
      worlds,
      states: model.states.size,
      snapshots: model.snapshots.size,
      substrates: [...parts.substrates.values()].map(({ name, supports }) => ({
        name,
        isolation: supports.isolation.filter(({ stands }) => stands).map((part) => part.name),
      })),
      processBytes: process.memoryUsage.rss(),
    };
  },
});
