import type { Effect } from '../../../ports/substrate.js';
import { CLOCK_MAX_NS, type GuestInputs } from './guest-inputs.js';

/** Longest request the guest may send at once, bytes. */
export const REQUEST_BYTES_MAX = 1024 * 1024;
/** Effects one execution may have. */
const EFFECTS_MAX = 100_000;
/** All effects of one execution together, as JSON. */
export const EFFECTS_CHARS_MAX = 8 * 1024 * 1024;

type Answer = { readonly ok: unknown } | { readonly error: string; readonly message: string };

/**
 * What the guest can ask the host for while it runs: to sleep, to report, its balances, a transfer. Requests and
 * answers are JSON; the guest's `world` module is the only intended user, but nothing here trusts it.
 */
export class HostChannel {
  readonly #inputs: GuestInputs;
  #effects: Effect[] = [];
  #effectsChars = 0;
  #balances = new Map<string, bigint>();

  /** What the guest has not read yet of the last answer, framed. It belongs to one execution, and is no part of a state. */
  unread: Buffer = Buffer.alloc(0);

  constructor(inputs: GuestInputs) {
    this.#inputs = inputs;
  }

  get effects(): readonly Effect[] {
    return this.#effects;
  }

  /** Starts an execution: no effects yet, and these balances. */
  begin(balances: Readonly<Record<string, string>>): void {
    this.#effects = [];
    this.#effectsChars = 0;
    this.unread = Buffer.alloc(0);
    this.#balances = new Map(Object.entries(balances).map(([token, amount]) => [token, BigInt(amount)]));
  }

  answer(request: unknown): Answer {
    if (!isRecord(request)) return refuse('ValueError', 'a request is a JSON object');
    const { op, token } = request;
    if (typeof op !== 'string') return refuse('ValueError', 'a request names what it asks for');
    switch (op) {
      case 'sleep':
        return this.#sleep(request['ns']);
      case 'report':
        return this.#report(request['cost'], request['value']);
      case 'balance':
        return { ok: String((typeof token === 'string' ? this.#balances.get(token) : undefined) ?? 0n) };
      case 'tokens':
        return { ok: [...this.#balances.keys()] };
      case 'transfer':
        return this.#transfer(request['to'], token, request['amount']);
      default:
        return refuse('ValueError', `no such request: ${op}`);
    }
  }

  #sleep(ns: unknown): Answer {
    if (typeof ns !== 'string' || !/^\d+$/.test(ns)) return refuse('ValueError', 'sleep: bad length');
    if (ns.length > 19 || this.#inputs.clockNs + BigInt(ns) > CLOCK_MAX_NS) {
      return refuse('OverflowError', 'timestamp too large: the clock of a world ends in the year 2200');
    }
    this.#inputs.clockNs += BigInt(ns);
    return { ok: null };
  }

  #report(cost: unknown, value: unknown): Answer {
    if (cost !== undefined && !(typeof cost === 'string' && /^\d+(\/\d+)?$/.test(cost))) {
      return refuse('ValueError', 'report: cost must be a fraction');
    }
    if (value !== undefined && !(typeof value === 'string' && /^-?\d+(\/\d+)?$/.test(value))) {
      return refuse('ValueError', 'report: value must be a fraction');
    }
    return this.#add({
      kind: 'report',
      ...(cost === undefined ? {} : { cost }),
      ...(value === undefined ? {} : { value }),
    });
  }

  #transfer(to: unknown, token: unknown, amount: unknown): Answer {
    if (typeof to !== 'string' || to === '') return refuse('ValueError', 'transfer: bad receiver');
    if (typeof token !== 'string' || token === '') return refuse('ValueError', 'transfer: bad token');
    if (typeof amount !== 'string' || !/^[1-9]\d{0,77}$/.test(amount)) {
      return refuse('ValueError', 'transfer: the amount must be a positive integer of base units');
    }
    const held = this.#balances.get(token) ?? 0n;
    if (held < BigInt(amount)) {
      return refuse('InsufficientBalance', `this world holds ${held} ${token}, not ${amount}`);
    }
    const added = this.#add({ kind: 'transfer', to, token, amount });
    if ('ok' in added) this.#balances.set(token, held - BigInt(amount));
    return added;
  }

  #add(effect: Effect): Answer {
    if (this.#effects.length >= EFFECTS_MAX) {
      return refuse('RuntimeError', `one execution can have at most ${EFFECTS_MAX} effects`);
    }
    // Before they are kept: the bound protects the memory of the process, not only what leaves it.
    this.#effectsChars += JSON.stringify(effect).length + 1;
    if (this.#effectsChars > EFFECTS_CHARS_MAX) {
      return refuse('RuntimeError', 'the effects of this execution are too large together');
    }
    this.#effects.push(effect);
    return { ok: null };
  }
}

function refuse(error: string, message: string): Answer {
  return { error, message };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
