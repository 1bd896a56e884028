import type { z } from 'zod';
import type { OutputSink } from '../ports/substrate.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';

/** What a surface can hand to one call, besides its input. */
export interface Call {
  readonly signal?: AbortSignal;
  /** Output of a single execution, as it appears. */
  readonly sink?: OutputSink;
  /** Steps of a call over many worlds. */
  readonly onProgress?: (progress: {
    done: number;
    total: number;
    what: string;
    part?: { name: string; state: 'running' | 'done' | 'failed' };
  }) => void;
}

/** What a call does to the runtime; surfaces derive HTTP methods and MCP annotations from it. */
export type ActionEffect = 'reads' | 'changes' | 'destroys';

/** One operation, defined once: CLI, HTTP, MCP and the client are projections of it. */
export interface Action<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  /** Kebab-case verb, as `wr` has it. */
  readonly name: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly effect: ActionEffect;
  readonly input: I;
  readonly output: O;
  run(context: RuntimeContext, input: z.output<I>, call: Call): Promise<z.input<O>>;
}

/** Gives an action its types from its schemas. */
export function defineAction<I extends z.ZodType, O extends z.ZodType>(action: Action<I, O>): Action<I, O> {
  return action;
}

/** The part of a call that every wait below needs. */
export function waitOf(call: Call): { signal?: AbortSignal } {
  return call.signal ? { signal: call.signal } : {};
}

/** `{ key: value }`, or nothing when the value is undefined: for optional fields that may not be undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V });
}
