import { ProbeInput, ProbeView } from '../model/probe-api.js';
import { findWorld } from '../runtime/find-world.js';
import { probeState } from '../runtime/probe-state.js';
import { findState } from '../runtime/resolve-reference.js';
import { defineAction, given, waitOf } from './action.js';

export const probeAction = defineAction({
  name: 'probe',
  summary: 'run Python code at a state and keep nothing of it',
  effect: 'reads',
  input: ProbeInput,
  output: ProbeView,
  async run(context, input, call) {
    const state =
      input.state === undefined
        ? findWorld(context, input.world).head
        : findState(context.model, input.state);
    const probe = {
      state,
      code: input.code,
      ...given('timeoutMs', input.timeoutMs),
      ...given('sink', call.sink),
    };
    const { ok, value, stdout, stderr, stdoutTruncated, stderrTruncated, error, runMs } = await probeState(
      context,
      probe,
      waitOf(call),
    );
    return { state, ok, value, stdout, stderr, stdoutTruncated, stderrTruncated, error, runMs };
  },
});
