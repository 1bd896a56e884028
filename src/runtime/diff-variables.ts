import { z } from 'zod';
import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import type { Wait } from '../ports/substrate.js';
import { probeState } from './probe-state.js';
import type { RuntimeContext } from './runtime-context.js';
import {
  ANSWER_MARK,
  FIELD_END,
  NAME_CHARS_MAX,
  RECORD_END,
  TEXT_CHARS_MAX,
  textCharsMax,
  VARIABLES_MAX,
  type VariablesRequest,
  variablesProbe,
} from './variables-probe.js';

/** A top-level variable as the world itself describes it: nothing to rely on, but of bounded length. */
export interface VariableFacts {
  readonly type: string;
  /** Begins with `…` when its beginning is left out, since it is the same on both sides. */
  readonly repr: string;
  /** There is more of it than `repr`. */
  readonly cut: boolean;
}

export interface VariableDifference {
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly before: VariableFacts | null;
  readonly after: VariableFacts | null;
}

export interface VariablesDiff {
  /** Why they could not be read. */
  readonly problem: string | null;
  /** By name. */
  readonly differences: readonly VariableDifference[];
  readonly compared: number;
  readonly unsure: readonly string[];
  readonly askedNothing: boolean;
  readonly omitted: number;
}

/** Bound of one look at a state, ms; the world's own limit may be lower. */
const TIMEOUT_MS_DEFAULT = 10_000;
/** Bytes kept of what a `__repr__` prints, which nobody reads. */
const OUTPUT_BYTES = 1024;
/** Variables whose texts are read again to see where they differ, and how many characters before that place are shown. */
const READ_AGAIN_MAX = 20;
const LEAD_CHARS = 40;
/** What the hash is when it can be compared with nothing. */
const NO_HASH = '0'.repeat(32);

interface Variable extends VariableFacts {
  readonly hash: string;
  readonly whole: boolean;
}

interface Variables {
  readonly byName: ReadonlyMap<string, Variable>;
  readonly omitted: number;
}

const Count = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);
const Head = z.tuple([z.literal(ANSWER_MARK), Count, Count]);
/** Cleaning may make a character into several: an escape of a lone surrogate has six. */
const SPREAD = 6;
const variableRecord = (textMax: number) =>
  z.tuple([
    z.string().min(1).max(NAME_CHARS_MAX),
    z.string().max(NAME_CHARS_MAX),
    z.string().max(textMax * SPREAD),
    z.string().regex(/^[0-9a-f]{32}$/),
    z.enum(['', 'c', 'u', 'cu']),
  ]);

/**
 * Which top-level variables differ by name, type or `repr`. A probe on each side asks; nothing of it is kept. When objects
 * whose `repr` is the world's own making do not let it end, both sides are read once more without asking any of them; what
 * then cannot be read is told as a problem and is no error.
 *
 * @throws what making a state again throws, INTERRUPTED
 */
export async function diffVariables(
  context: RuntimeContext,
  states: { readonly before: StateId; readonly after: StateId; readonly timeoutMs?: number },
  wait: Wait,
): Promise<VariablesDiff> {
  const both = async (request: VariablesRequest): Promise<[Variables, Variables] | string> => {
    const before = await readVariables(context, { ...states, state: states.before, request }, wait);
    if (typeof before === 'string') return before;
    const after = await readVariables(context, { ...states, state: states.after, request }, wait);
    return typeof after === 'string' ? after : [before, after];
  };
  const asked = await both({ asks: true });
  const askedNothing = typeof asked === 'string';
  const read = askedNothing ? await both({ asks: false }) : asked;
  if (typeof read === 'string') {
    const none = { differences: [], compared: 0, unsure: [], omitted: 0 };
    return { ...none, problem: read, askedNothing };
  }
  const compared = compareVariables(...read);
  const blunt = compared.differences.filter(looksEqual).slice(0, READ_AGAIN_MAX);
  const names = blunt.map(({ name }) => name);
  const longer = names.length > 0 ? await both({ asks: !askedNothing, names }) : '';
  const differences =
    typeof longer === 'string'
      ? compared.differences
      : compared.differences.map((one) => sharpened(one, longer));
  return { ...compared, differences, problem: null, askedNothing };
}

/** Both texts end before the place where they differ. */
function looksEqual({ before, after }: VariableDifference): boolean {
  return before !== null && after !== null && before.cut && after.cut && before.repr === after.repr;
}

/** With texts from where they differ on, if the longer ones tell. */
function sharpened(
  one: VariableDifference,
  [left, right]: readonly [Variables, Variables],
): VariableDifference {
  const { before, after, name } = one;
  const [was, is] = [left.byName.get(name)?.repr, right.byName.get(name)?.repr];
  if (
    !looksEqual(one) ||
    before === null ||
    after === null ||
    was === undefined ||
    is === undefined ||
    was === is
  ) {
    return one;
  }
  let same = 0;
  while (was[same] === is[same]) same += 1;
  const start = Math.max(0, same - LEAD_CHARS);
  const part = (facts: VariableFacts, text: string): VariableFacts => {
    const repr = `…${text.slice(start, start + before.repr.length - 1)}`.toWellFormed();
    return { ...facts, repr };
  };
  return { ...one, before: part(before, was), after: part(after, is) };
}

function compareVariables(before: Variables, after: Variables) {
  const names = [...new Set([...before.byName.keys(), ...after.byName.keys()])].sort((a, b) =>
    a < b ? -1 : 1,
  );
  const differences: VariableDifference[] = [];
  const unsure: string[] = [];
  let compared = 0;
  // Of what was left out on one side, nothing can be said on the other.
  const isKnown = (name: string, side: Variables): boolean => side.omitted === 0 || side.byName.has(name);
  for (const name of names) {
    if (!isKnown(name, before) || !isKnown(name, after)) continue;
    const [was, is] = [before.byName.get(name), after.byName.get(name)];
    if (was && is) compared += 1;
    if (was && is && areSame(was, is)) {
      if (!was.whole || !is.whole) unsure.push(name);
      continue;
    }
    const change = was ? (is ? 'changed' : 'removed') : 'added';
    differences.push({ name, change, before: was ? factsOf(was) : null, after: is ? factsOf(is) : null });
  }
  return { differences, compared, unsure, omitted: Math.max(before.omitted, after.omitted) };
}

function areSame(a: Variable, b: Variable): boolean {
  if (a.type !== b.type || a.repr !== b.repr) return false;
  return a.hash === b.hash || a.hash === NO_HASH || b.hash === NO_HASH;
}

function factsOf({ type, repr, cut }: Variable): VariableFacts {
  return { type, repr, cut };
}

/** The variables of one state, or why there is no answer. */
async function readVariables(
  context: RuntimeContext,
  {
    state,
    request,
    timeoutMs = TIMEOUT_MS_DEFAULT,
  }: { readonly state: StateId; readonly request: VariablesRequest; readonly timeoutMs?: number },
  wait: Wait,
): Promise<Variables | string> {
  const { model } = context;
  const world = model.world(model.lastRun(state).worldId);
  const probe = {
    state,
    code: variablesProbe(request),
    timeoutMs: Math.min(timeoutMs, world.birth.limits.timeoutMs),
    outputBytes: OUTPUT_BYTES,
  };
  const where = `of ${world.name} at ${state} could not be read`;
  try {
    const { ok, value, error } = await probeState(context, probe, wait);
    if (!ok) return `The variables ${where}: ${error?.type.slice(0, 100)}: ${error?.message.slice(0, 200)}`;
    return (
      parseAnswer(value ?? '', textCharsMax(request)) ?? `The variables ${where}: the answer makes no sense.`
    );
  } catch (thrown) {
    if (!isGuestsOwn(thrown)) throw thrown;
    return `The variables ${where}: ${thrown.code}`;
  }
}

/** What a guest does to itself; everything else is nothing that its variables are to blame for. */
function isGuestsOwn(thrown: unknown): thrown is WorldError {
  if (!(thrown instanceof WorldError) || thrown.details['scope'] === 'substrate') return false;
  return ['EXECUTION_TIMEOUT', 'CPU_LIMIT', 'MEMORY_LIMIT', 'ENGINE_FAULT'].includes(thrown.code);
}

/** Null for anything but a well-formed answer of bounded size. */
export function parseAnswer(text: string, textMax = TEXT_CHARS_MAX): Variables | null {
  const VariableRecord = variableRecord(textMax);
  const [first = '', ...records] = text.split(RECORD_END);
  const head = Head.safeParse(first.split(FIELD_END));
  if (!head.success) return null;
  const [, total, told] = head.data;
  if (told !== records.length || told > total || told > VARIABLES_MAX) return null;
  const byName = new Map<string, Variable>();
  for (const record of records) {
    const parsed = VariableRecord.safeParse(record.split(FIELD_END));
    if (!parsed.success) return null;
    const [name, type, repr, hash, letters] = parsed.data;
    if (byName.has(name)) return null;
    byName.set(name, { type, repr, hash, cut: letters.includes('c'), whole: !letters.includes('u') });
  }
  return { byName, omitted: total - told };
}
