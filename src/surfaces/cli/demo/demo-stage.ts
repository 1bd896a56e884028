import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ExecutionView } from '../../../model/api.js';
import { parse } from '../../../model/parse.js';
import { WorldError } from '../../../model/world-error.js';
import type { RuntimeClient, World } from '../../client/runtime-client.js';
import { RoutingNetwork } from './check-routing.js';

/** What demos share: programs of the package that run in worlds, told as it happens. */

const DESCRIBE_NETWORK = [
  'import json',
  'roads = [[one.tail, one.head, str(one.slope), str(one.constant)] for one in NETWORK]',
  'names = [path_name(path) for path in PATHS]',
  'print(json.dumps({"source": SOURCE, "target": TARGET, "roads": roads}))',
  'print(json.dumps(names))',
].join('\n');

/** Told as it happens. */
export interface DemoProgress {
  /** A step is done. */
  step(text: string): void;
  /** A line that a verse printed while all three were running. */
  line(verse: string, text: string): void;
}

export interface DemoStage {
  readonly runtime: RuntimeClient;
  readonly dataDir: string;
  /** Folder with network.py and the three strategies. */
  readonly programs: URL;
  readonly progress: DemoProgress;
  readonly signal?: AbortSignal | undefined;
}

export function callOf(stage: DemoStage): { signal?: AbortSignal } {
  return stage.signal ? { signal: stage.signal } : {};
}

/** `base`, or with a number where an earlier run has it. */
export async function freeName(runtime: RuntimeClient, base: string): Promise<string> {
  const taken = new Set((await runtime.list({ all: true })).map(({ name }) => name));
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** Runs a file in a world, silently. @throws BAD_INPUT when it raises */
export async function runProgram(stage: DemoStage, world: World, file: string): Promise<ExecutionView> {
  return requireOk(world.execute(await programText(stage, file), callOf(stage)), file);
}

/** The network that a world has, and the names of its paths. */
export async function describeNetwork(
  stage: DemoStage,
  world: World,
): Promise<RoutingNetwork & { readonly paths: readonly string[] }> {
  const described = await requireOk(world.execute(DESCRIBE_NETWORK, callOf(stage)), 'network.py');
  const [roads = '', paths = ''] = described.stdout.split('\n');
  return {
    ...parse(RoutingNetwork, JSON.parse(roads), 'network.py'),
    paths: parse(z.array(z.string()), JSON.parse(paths), 'network.py'),
  };
}

/** Runs a file in a verse and tells every line that it prints. @throws BAD_INPUT when it raises */
export async function runStrategy(stage: DemoStage, verse: World, file: string): Promise<ExecutionView> {
  let unfinished = '';
  const onOutput = (_: 'stdout' | 'stderr', text: string): void => {
    const lines = (unfinished + text).split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) stage.progress.line(verse.verse, line);
  };
  const code = await programText(stage, file);
  return requireOk(verse.execute(code, { ...callOf(stage), onOutput }), file);
}

function programText(stage: DemoStage, file: string): Promise<string> {
  return readFile(new URL(file, stage.programs), 'utf8');
}

/** @throws BAD_INPUT with the traceback */
export async function requireOk(execution: Promise<ExecutionView>, file: string): Promise<ExecutionView> {
  const result = await execution;
  if (result.ok) return result;
  throw new WorldError(
    'BAD_INPUT',
    `${file} failed in world ${result.world}.\n${result.error?.traceback ?? ''}`,
  );
}
