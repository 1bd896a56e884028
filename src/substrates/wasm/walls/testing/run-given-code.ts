import { createRequire } from 'node:module';

export interface OpenOrder {
  readonly id: number;
  readonly where: 'main' | 'worker';
  /** Body of an async function of `require` and `target`. */
  readonly code: string;
  readonly target: unknown;
}

export interface OpenAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

type GivenCode = (require: NodeJS.Require, target: unknown) => Promise<unknown>;

const AsyncFunction = (async () => undefined).constructor as new (...parts: string[]) => GivenCode;

/** Runs the code of an order and never throws. */
export async function answerOf({ id, code, target }: OpenOrder): Promise<OpenAnswer> {
  try {
    const run = new AsyncFunction('require', 'target', code);
    return { id, value: (await run(createRequire(import.meta.url), target)) ?? null };
  } catch (error) {
    return { id, error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}
