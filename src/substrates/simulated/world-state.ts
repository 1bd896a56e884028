import { createHash } from 'node:crypto';
import { z } from 'zod';
import { WorldId } from '../../model/ids.js';
import { Trit } from '../../model/trit.js';
import type { BranchIdentity } from '../../ports/substrate.js';
import type { SimulatedValue } from './program.js';
import type { SimulatedFiles } from './simulated-files.js';

/** Everything a simulated world is between two executions. A value: never changed once made. */
export interface SimulatedState {
  readonly variables: ReadonlyMap<string, SimulatedValue>;
  readonly files: SimulatedFiles;
  /** Statements to run for every new identity. */
  readonly hooks: readonly string[];
  readonly clockNs: bigint;
  /** Who it was when it last ran; null when it never did. */
  readonly identity: BranchIdentity | null;
  /** Its place in the SplitMix64 stream. */
  readonly streamSeed: bigint;
  readonly streamDrawn: bigint;
}

export const EMPTY_STATE: SimulatedState = {
  variables: new Map(),
  files: new Map(),
  hooks: [],
  clockNs: 0n,
  identity: null,
  streamSeed: 0n,
  streamDrawn: 0n,
};

const Integer = z.string().regex(/^-?\d+$/);

/** The stored form: JSON, with integers as text and their kind beside them. */
const StoredState = z.strictObject({
  variables: z.array(
    z.union([
      z.tuple([z.string(), z.literal('integer'), Integer]),
      z.tuple([z.string(), z.literal('text'), z.string()]),
    ]),
  ),
  files: z.array(z.tuple([z.string(), z.string()])),
  hooks: z.array(z.string()),
  clockNs: Integer,
  identity: z
    .strictObject({
      worldId: WorldId,
      generation: z.int(),
      verse: z.string(),
      trit: Trit,
      probability: z.string(),
      seed: Integer,
      commonRandomNumbers: z.boolean(),
    })
    .nullable(),
  streamSeed: Integer,
  streamDrawn: Integer,
});

export function encodeState(state: SimulatedState): string {
  const stored: z.input<typeof StoredState> = {
    variables: [...state.variables].map(([name, value]) =>
      typeof value === 'bigint' ? [name, 'integer', value.toString()] : [name, 'text', value],
    ),
    files: [...state.files],
    hooks: [...state.hooks],
    clockNs: state.clockNs.toString(),
    identity: state.identity && { ...state.identity, seed: state.identity.seed.toString() },
    streamSeed: state.streamSeed.toString(),
    streamDrawn: state.streamDrawn.toString(),
  };
  return JSON.stringify(stored);
}

/** @throws ZodError or SyntaxError when `text` is not what `encodeState` wrote. */
export function decodeState(text: string): SimulatedState {
  const stored = StoredState.parse(JSON.parse(text));
  return {
    variables: new Map(
      stored.variables.map(([name, kind, value]) => [name, kind === 'integer' ? BigInt(value) : value]),
    ),
    files: new Map(stored.files),
    hooks: stored.hooks,
    clockNs: BigInt(stored.clockNs),
    identity: stored.identity && { ...stored.identity, seed: BigInt(stored.identity.seed) },
    streamSeed: BigInt(stored.streamSeed),
    streamDrawn: BigInt(stored.streamDrawn),
  };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
