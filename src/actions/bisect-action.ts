import { BisectInput, BisectView } from '../model/bisect-api.js';
import type { StateId } from '../model/ids.js';
import { WorldError } from '../model/world-error.js';
import { type Bisected, bisect, type Verdict } from '../runtime/bisect.js';
import { findWorld } from '../runtime/find-world.js';
import { probeState } from '../runtime/probe-state.js';
import type { RuntimeContext } from '../runtime/runtime-context.js';
import type { World } from '../runtime/world-model.js';
import { type Call, defineAction, given, waitOf } from './action.js';

export const bisectAction = defineAction({
  name: 'bisect',
  summary: "find the execution after which a check fails, in a world's history",
  effect: 'reads',
  input: BisectInput,
  output: BisectView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    await requireCompiles(context, world, input.check, call);
    let done = 0;
    const bisected = await bisect(context.model, {
      world,
      ...given('good', input.good),
      ...given('bad', input.bad),
      judge: judgeOf(context, checkCode(input.check), input.timeoutMs, call),
      onStep: ({ number, verdict }) => {
        done += 1;
        call.onProgress?.({ done, total: done, what: `state ${number} is ${verdict}` });
      },
    });
    return viewOf(context, world, bisected);
  },
});

/** Python whose value is True when the check passes. It runs on a machine that is thrown away, so it may leave names behind. */
function checkCode(check: string): string {
  return [
    'def __check(source, scope):',
    '    import ast',
    "    tree = ast.parse(source, '<check>')",
    '    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None',
    "    exec(compile(tree, '<check>', 'exec'), scope)",
    '    if last is None: return (True, None)',
    "    value = eval(compile(ast.Expression(last.value), '<check>', 'eval'), scope)",
    '    return (bool(value), None)',
    // A JSON text is a Python text too: JSON writes only escapes that Python has.
    `__check(${JSON.stringify(check)}, globals())[0]`,
  ].join('\n');
}

async function requireCompiles(
  context: RuntimeContext,
  world: World,
  check: string,
  call: Call,
): Promise<void> {
  const code = `compile(${JSON.stringify(check)}, '<check>', 'exec') and None`;
  const result = await probeState(context, { state: world.head, code }, waitOf(call));
  if (result.ok) return;
  throw new WorldError(
    'BAD_INPUT',
    `The check does not compile: ${result.error?.type}: ${result.error?.message}. Correct it; no state was checked.`,
    { details: { error: result.error } },
  );
}

function judgeOf(
  context: RuntimeContext,
  code: string,
  timeoutMs: number | undefined,
  call: Call,
): (state: StateId) => Promise<Verdict> {
  return async (state) => {
    try {
      const probe = { state, code, ...given('timeoutMs', timeoutMs) };
      const { ok, value, error } = await probeState(context, probe, waitOf(call));
      if (!ok) return { verdict: 'bad', note: error ? `${error.type}: ${error.message}` : 'raised' };
      return value === 'True' ? { verdict: 'good', note: null } : { verdict: 'bad', note: 'false' };
    } catch (thrown) {
      if (!cannotRestore(thrown)) throw thrown;
      return { verdict: 'skipped', note: thrown.code };
    }
  };
}

function cannotRestore(thrown: unknown): thrown is WorldError {
  if (!(thrown instanceof WorldError)) return false;
  return ['STATE_LOST', 'STATE_NOT_FOUND', 'STATE_FORGOTTEN', 'PAGE_CORRUPT'].includes(thrown.code);
}

async function viewOf(context: RuntimeContext, world: World, found: Bisected): Promise<BisectView> {
  const place = (number: number) => ({ number, state: found.history[number] as string });
  return {
    worldId: world.id,
    world: world.name,
    good: place(found.good),
    bad: place(found.bad),
    steps: found.steps.map(({ number, verdict, note }) => ({ ...place(number), verdict, note })),
    culprit: found.bad - found.good === 1 ? await culpritOf(context, found) : null,
    suspects: found.bad - found.good,
  };
}

async function culpritOf(context: RuntimeContext, found: Bisected): Promise<BisectView['culprit']> {
  const state = found.history[found.bad] as StateId;
  const { origin } = context.model.state(state);
  const executionId = origin.kind === 'execution' ? origin.execution.executionId : null;
  const rows = executionId
    ? await context.parts.catalog.rows('SELECT * FROM executions WHERE execution_id = ?', [executionId])
    : [];
  const text = (column: string): string | null => {
    const cell = rows[0]?.[column];
    return cell === null || cell === undefined ? null : String(cell);
  };
  const error = text('error_type');
  return {
    number: found.bad,
    state,
    kind: executionId === null ? 'files' : 'execution',
    worldId: origin.worldId,
    world: context.model.world(origin.worldId).name,
    executionId,
    code: origin.kind === 'execution' ? origin.execution.code : null,
    ok: rows[0] ? text('status') === 'ok' : null,
    value: text('value'),
    stdout: text('stdout'),
    stderr: text('stderr'),
    error: error && `${error}: ${text('error_message') ?? ''}`,
    executedAt: text('executed_at'),
    before: found.history[found.good] as string,
  };
}
