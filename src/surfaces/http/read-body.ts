import { WorldError } from '../../model/world-error.js';
import type { Refusal } from './request-guard.js';

/** Bytes of bodies that are being read at a time, of all requests together. */
export class BodyBudget {
  readonly #max: number;
  #used = 0;

  constructor(bytesMax: number) {
    this.#max = bytesMax;
  }

  /** False: there is no room now. */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#max) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/**
 * The JSON of a request's body; an empty body is `{}`. A body that is announced as too long is refused before a byte of
 * it is read, one that turns out to be so as soon as it does.
 */
export async function readBody(
  request: Request,
  { bytesMax, budget }: { bytesMax: number; budget: BodyBudget },
): Promise<{ readonly input: unknown } | Refusal> {
  const announced = Number(request.headers.get('content-length') ?? '0');
  if (announced > bytesMax) return tooLong(bytesMax);
  let taken = 0;
  const parts: Uint8Array[] = [];
  try {
    for await (const part of request.body ?? []) {
      if (taken + part.length > bytesMax) return tooLong(bytesMax);
      if (!budget.take(part.length)) return busy();
      taken += part.length;
      parts.push(part);
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
    return { input: text.trim() === '' ? {} : (JSON.parse(text) as unknown) };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const error = new WorldError('BAD_INPUT', `The body is not JSON: ${reason}`, { cause: thrown });
    return { status: 400, error };
  } finally {
    budget.give(taken);
  }
}

function tooLong(bytesMax: number): Refusal {
  const message = `The request is longer than ${bytesMax} bytes, the most there may be.`;
  return { status: 413, error: new WorldError('BAD_INPUT', message, { details: { max: bytesMax } }) };
}

function busy(): Refusal {
  const message = 'The daemon is reading as many long requests as it can. Send it again in a moment.';
  return { status: 503, error: new WorldError('QUEUE_FULL', message) };
}
