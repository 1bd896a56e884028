import type { Call } from '../actions/action.js';
import type { RuntimeContext } from '../actions/maintenance.js';
import { isActionName, runAction } from '../actions/table.js';
import { WorldError } from '../model/world-error.js';
import type { CallOptions, Transport } from './client/transport.js';

/** Reaches a runtime that is open in this process. `close` is what the transport's own `close` does. */
export function inProcessTransport(context: RuntimeContext, close: () => Promise<void>): Transport {
  return {
    call: async (action, input, options) => {
      if (!isActionName(action)) {
        throw new WorldError('BAD_INPUT', `There is no action ${JSON.stringify(action)}.`);
      }
      return runAction(context, action, input, callOf(options));
    },
    close,
  };
}

function callOf({ signal, onOutput, onProgress }: CallOptions): Call {
  return {
    ...(signal ? { signal } : {}),
    ...(onOutput ? { sink: { write: onOutput } } : {}),
    ...(onProgress ? { onProgress } : {}),
  };
}
