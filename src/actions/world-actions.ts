import { z } from 'zod';
import {
  BranchInput,
  BranchView,
  CreateInput,
  DeleteView,
  ExecuteInAllInput,
  ExecuteInAllItem,
  ExecuteInput,
  ExecutionView,
  ListInput,
  RewindInput,
  RewindView,
  SnapshotInput,
  SnapshotView,
  WorldInput,
  WorldView,
} from '../model/api.js';
import { WorldError } from '../model/world-error.js';
import { branch } from '../runtime/branch.js';
import { createWorld } from '../runtime/create-world.js';
import { deleteWorld } from '../runtime/delete-world.js';
import { execute } from '../runtime/execute.js';
import { childrenToRun, executeInAll } from '../runtime/execute-in-all.js';
import { findWorld } from '../runtime/find-world.js';
import { findState, lookUpWorld } from '../runtime/resolve-reference.js';
import { rewind } from '../runtime/rewind.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import { snapshotWorld } from '../runtime/snapshot-world.js';
import type { World } from '../runtime/world-model.js';
import { defineAction, given, waitOf } from './action.js';
import { seedOf } from './seed-of.js';
import { branchView, executionView, snapshotView, worldView } from './views.js';

export const create = defineAction({
  name: 'create',
  summary: 'make a world, fresh or from a snapshot',
  effect: 'changes',
  input: CreateInput,
  output: WorldView,
  async run(context, input, call) {
    const request = {
      ...given('name', input.name),
      ...given('substrate', input.substrate),
      ...given('image', input.image),
      ...given('seed', input.seed === undefined ? undefined : seedOf(input.seed)),
      ...given('limits', input.limits && definedOnly(input.limits)),
      ...given('snapshot', input.snapshot),
      ...given('detached', input.detached),
      ...given('commonRandomNumbers', input.commonRandomNumbers),
      ...given('metadata', input.metadata),
      ...given('retainStates', input.retainStates),
      ...given('tenant', input.tenant),
      ...given('trit', input.trit ?? tritOf(input.metadata?.['trit'])),
    };
    return worldView(context, await createWorld(context, request, waitOf(call)));
  },
});

/** The user's own requests put the trit into the metadata, as text. */
function tritOf(text: string | undefined): -1 | 0 | 1 | undefined {
  if (text === undefined) return undefined;
  const trit = Number(text);
  if (trit === -1 || trit === 0 || trit === 1) return trit;
  throw new WorldError('BAD_INPUT', `metadata.trit: ${JSON.stringify(text)} is none of -1, 0, 1.`);
}

function definedOnly<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}

export const executeAction = defineAction({
  name: 'execute',
  summary: 'run Python code in a world',
  effect: 'changes',
  input: ExecuteInput,
  output: ExecutionView,
  async run(context, input, call) {
    if (input.world === undefined) refuseName(context, input.code);
    const world = findWorld(context, input.world);
    const execution = {
      world,
      code: input.code,
      ...given('timeoutMs', input.timeoutMs),
      ...given(
        'expectHead',
        input.expectHead === undefined ? undefined : findState(context.model, input.expectHead),
      ),
      ...given('sink', call.sink),
    };
    return executionView(context, await execute(context, execution, waitOf(call)));
  },
});

/** The code is nothing but the name of a world: whoever wrote that forgot the code. */
function refuseName(context: RuntimeContext, code: string): void {
  const world = context.model.worldsByName.get(code.trim());
  if (!world) return;
  const { name } = world;
  throw new WorldError(
    'BAD_INPUT',
    `${name} is the name of a world, and there is no code for it: wr exec ${name} CODE. To run ${name} as code, name the world first.`,
    { details: { world: world.id } },
  );
}

export const executeInAllAction = defineAction({
  name: 'execute-in-all',
  summary: 'run code in all children of a world, in parallel',
  effect: 'changes',
  input: ExecuteInAllInput,
  output: z.array(ExecuteInAllItem),
  async run(context, input, call) {
    const worlds = input.worlds
      ? input.worlds.map((reference) => lookUpWorld(context.model, reference))
      : childrenToRun(context, findWorld(context, input.world));
    let done = 0;
    const request = {
      worlds,
      ...given('code', input.code),
      ...given('codes', input.codes),
      ...given('timeoutMs', input.timeoutMs),
      ...given('budgetMs', input.budgetMs),
      onStart: ({ name }: World) => {
        const part = { name, state: 'running' as const };
        call.onProgress?.({ done, total: worlds.length, what: name, part });
      },
      onDone: ({ name }: World, ok: boolean) => {
        done += 1;
        const part = { name, state: ok ? ('done' as const) : ('failed' as const) };
        call.onProgress?.({ done, total: worlds.length, what: name, part });
      },
    };
    const results = await executeInAll(context, request, waitOf(call));
    return results.map(({ world, record, failure }) => {
      const { verse, trit } = context.model.identity(world);
      return {
        worldId: world.id,
        world: world.name,
        verse,
        trit,
        execution: record && executionView(context, record),
        failure: failure && { code: failure.code, message: failure.message },
      };
    });
  },
});

export const snapshot = defineAction({
  name: 'snapshot',
  summary: "name a world's present state and make it durable",
  effect: 'changes',
  input: SnapshotInput,
  output: SnapshotView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    return snapshotView(await snapshotWorld(context, world, input.name, waitOf(call)));
  },
});

export const branchAction = defineAction({
  name: 'branch',
  summary: "start new worlds from a world's present state",
  effect: 'changes',
  input: BranchInput,
  output: BranchView,
  async run(context, input, call) {
    const parent = findWorld(context, input.world);
    const request = {
      ...given('count', input.count),
      ...given('children', input.children),
      ...given('commonRandomNumbers', input.commonRandomNumbers),
    };
    return branchView(context, await branch(context, parent, request, waitOf(call)));
  },
});

export const rewindAction = defineAction({
  name: 'rewind',
  summary: 'take a world back to an earlier state',
  effect: 'changes',
  input: RewindInput,
  output: RewindView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const request = { ...given('to', input.to), ...given('steps', input.steps) };
    const { worldId, from, to } = await rewind(context, world, request, waitOf(call));
    return { worldId, from, to };
  },
});

export const list = defineAction({
  name: 'list',
  summary: 'list worlds',
  effect: 'reads',
  input: ListInput,
  output: z.array(WorldView),
  async run(context, input) {
    const worlds = [...context.model.worlds.values()];
    const alive = input.all
      ? worlds
      : worlds.filter(({ status }) => status === 'running' || status === 'snapshotted');
    const shown = alive.filter(({ metadata }) => (input.tags ?? []).every((tag) => hasTag(metadata, tag)));
    return shown.map((world) => worldView(context, world));
  },
});

function hasTag(
  metadata: Readonly<Record<string, string>>,
  { key, value }: { key: string; value?: string | undefined },
): boolean {
  if (!Object.hasOwn(metadata, key)) return false;
  return value === undefined || metadata[key] === value;
}

export const show = defineAction({
  name: 'show',
  summary: 'show one world',
  effect: 'reads',
  input: WorldInput,
  output: WorldView,
  async run(context, input) {
    return worldView(context, findWorld(context, input.world));
  },
});

export const deleteAction = defineAction({
  name: 'delete',
  summary: 'delete a world; its history stays',
  effect: 'destroys',
  input: WorldInput.required(),
  output: DeleteView,
  async run(context, input, call) {
    // Not made current: a deleted world could not be.
    const world = lookUpWorld(context.model, input.world);
    await deleteWorld(context, world, waitOf(call));
    return { worldId: world.id, name: world.name };
  },
});
