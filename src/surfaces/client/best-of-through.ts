import type { Scorer } from '../../contests/best-of.js';
import type { BestOfInput, BestOfView } from '../../model/contest-api.js';
import type { CallOptions, Transport } from './transport.js';

export type { Scorer, Tried } from '../../contests/best-of.js';

export type BestOfOptions = Omit<BestOfInput, 'score'> & {
  /** Python that ends in the score, or a function that is called for each try that did not fail. Default: what the try says itself. */
  readonly score?: string | Scorer;
};

/**
 * Best of n over any transport. A score in Python is the runtime's affair, and all is one call. A function can only be asked here, so
 * the same steps are taken from here, one call each; when this process dies on the way, the world stays pushed down (`wr void`).
 */
export async function bestOfThrough(
  transport: Transport,
  options: BestOfOptions,
  call: CallOptions,
): Promise<BestOfView> {
  const { score, ...input } = options;
  if (typeof score !== 'function') {
    return (await transport.call('best-of', options, call)) as BestOfView;
  }
  // Loaded here: commands that only talk to a daemon need none of it.
  const { bestOf } = await import('../../contests/best-of.js');
  const { Caller } = await import('../../contests/caller.js');
  const caller = new Caller((action, of, how) => transport.call(action, of, how), call);
  return bestOf(caller, input, { scorer: score });
}
