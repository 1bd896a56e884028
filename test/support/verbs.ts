import { expect } from 'vitest';
import { type ErrorCode, WorldError } from '../../src/model/world-error.js';
import type { RecordOf } from '../../src/ports/journal-record.js';
import { createWorld } from '../../src/runtime/create-world.js';
import { type Execution, execute } from '../../src/runtime/execute.js';
import { pushDown } from '../../src/runtime/push-down.js';
import { lookUpWorld } from '../../src/runtime/resolve-reference.js';
import type { World, WorldModel } from '../../src/runtime/world-model.js';
import type { TestRuntime } from './test-runtime.js';

/** The verbs as tests like them: short, with the wait left out. */

export function run(
  { context }: TestRuntime,
  world: World,
  code: string,
  more: Partial<Execution> & { signal?: AbortSignal } = {},
): Promise<RecordOf<'world.executed'>> {
  const { signal, ...execution } = more;
  return execute(context, { ...execution, world, code }, signal ? { signal } : {});
}

/** What a variable holds, as the guest would show it. */
export async function variable(runtime: TestRuntime, world: World, name: string): Promise<string | null> {
  return (await run(runtime, world, `get ${name}`)).value;
}

export function newWorld(
  { context }: TestRuntime,
  name: string,
  more: Parameters<typeof createWorld>[1] = {},
): Promise<World> {
  return createWorld(context, { name, seed: 7n, ...more }, {});
}

export function named({ context }: TestRuntime, name: string): World {
  return lookUpWorld(context.model, name);
}

/** Pushes a world down into the default triad. */
export async function triad(
  runtime: TestRuntime,
  world: World,
): Promise<{ record: RecordOf<'world.pushed-down'>; nash: World; optimal: World; chaos: World }> {
  const record = await pushDown(runtime.context, world, {}, {});
  const [nash, optimal, chaos] = record.outcomes.map(({ worldId }) => runtime.context.model.world(worldId));
  return { record, nash: nash!, optimal: optimal!, chaos: chaos! };
}

/** Base units of a token that a world's account has in the world's verse. */
export function balanceOf({ context }: TestRuntime, world: World, token = 'GOLD'): bigint {
  return context.model.ledger.balance(world.verseId, world.birth.account, token);
}

/** Expects a WorldError of that code whose message says what the pattern says. */
export async function refused(
  attempt: Promise<unknown>,
  code: ErrorCode,
  message: RegExp = /./,
): Promise<WorldError> {
  const thrown = await attempt.then(
    (value) => expect.fail(`expected ${code}, but it answered ${JSON.stringify(value)?.slice(0, 200)}`),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(WorldError);
  const error = thrown as WorldError;
  expect(error.code, error.stack ?? error.message).toBe(code);
  expect(error.message).toMatch(message);
  return error;
}

/** Everything the model knows as plain data, for comparison. */
export function describeModel(model: WorldModel): unknown {
  return JSON.parse(
    JSON.stringify({
      worlds: [...model.worlds.values()],
      byName: Object.fromEntries([...model.worldsByName].map(([name, { id }]) => [name, id])),
      states: [...model.states.values()],
      snapshots: [...model.snapshots.values()],
      snapshotsByName: Object.fromEntries([...model.snapshotsByName].map(([name, { id }]) => [name, id])),
      conditions: [...model.conditions.values()],
      ledger: model.ledger.snapshot(),
      metered: [...model.metered],
    }),
  );
}
