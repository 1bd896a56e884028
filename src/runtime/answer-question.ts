import type { Evidence } from '../model/answer-api.js';
import { probabilityToText } from '../model/probability.js';
import { Rational } from '../model/rational.js';
import { WorldError } from '../model/world-error.js';
import {
  askOracle,
  digestOf,
  type OracleAnswer,
  type OracleSource,
  type OutcomeReport,
} from '../multiverse/index.js';
import type { Wait } from '../ports/substrate.js';
import { againWhenLost } from './live-machine.js';
import { outcomeIndex } from './outcome-index.js';
import type { RuntimeContext } from './runtime-context.js';
import type { World } from './world-model.js';

/** How an outcome is to be found. */
export interface AnswerRequest {
  readonly oracle: OracleSource;
  /** Name of the outcome, for `manual` and `command`. */
  readonly outcome?: string | undefined;
  /** What a person or a command saw. */
  readonly evidence?: Evidence | undefined;
  /** For `python`: code that defines `oracle(outcomes)`. */
  readonly code?: string | undefined;
}

/** A question as oracles see it. */
export interface Question {
  readonly outcomes: readonly { readonly name: string; readonly probability: bigint }[];
  readonly reports: readonly OutcomeReport[];
  /** On whose substrate and image, and within whose limits, a function runs. */
  readonly world: World;
}

/**
 * Asks an oracle which outcome it is. `python` runs a function in a world of its own, which is thrown away.
 *
 * @throws REPORT_MISSING, BAD_INPUT, ORACLE_FAILED for a function that raises or names no outcome, and what an execution throws
 */
export async function answerQuestion(
  context: RuntimeContext,
  question: Question,
  request: AnswerRequest,
  wait: Wait,
): Promise<OracleAnswer> {
  const { oracle: source, code } = request;
  const names = question.outcomes.map(({ name }) => name);
  if ((source === 'python') !== (code !== undefined)) {
    throw new WorldError('BAD_INPUT', 'Code goes with the oracle python, and that oracle needs code.');
  }
  const found =
    code === undefined
      ? { outcome: request.outcome, evidence: request.evidence }
      : await askPython(context, question, code, wait);
  return askOracle({
    source,
    outcomes: names,
    reports: question.reports,
    evidence: found.evidence,
    ...(found.outcome === undefined ? {} : { outcomeIndex: outcomeIndex(question.outcomes, found.outcome) }),
  });
}

interface Found {
  readonly outcome: string;
  readonly evidence: Evidence;
}

/** Characters of a function's output that are kept as evidence. */
const PRINTED_MAX = 4000;

async function askPython(
  context: RuntimeContext,
  { outcomes, reports, world }: Question,
  code: string,
  wait: Wait,
): Promise<Found> {
  const { birth } = world;
  const asked = outcomes.map(({ name, probability }, index) => {
    const report = reports.find(({ outcomeIndex }) => outcomeIndex === index);
    const figure = (value: Rational | undefined) => (value === undefined ? null : Rational.toText(value));
    const figures = { cost: figure(report?.cost), value: figure(report?.value) };
    return { name, probability: probabilityToText(probability), ...figures };
  });
  const literal = JSON.stringify(JSON.stringify(asked));
  const request = {
    language: 'python',
    code: `${code}\n\nimport json as _json\n_answer = _json.dumps(oracle(_json.loads(${literal})))\nprint("\\n" + _answer)`,
    clockNs: context.parts.clock.nowNs(),
    balances: {},
    limits: birth.limits,
  } as const;
  const spec = { limits: birth.limits, ...(birth.image ? { image: birth.image.hash } : {}) };
  const result = await againWhenLost(
    context,
    birth,
    async () => {
      const substrate = context.substrate(birth.substrate);
      await using machine = await substrate.boot(spec, context.model.identity(world), wait);
      return await machine.execute(request, { write: () => {} }, wait);
    },
    wait,
  );
  if (!result.ok) {
    const { type = 'an error', message = '' } = result.error ?? {};
    throw oracleFailed(`The oracle's code raised ${type}: ${message}`);
  }
  const lines = result.stdout.trimEnd().split('\n');
  const outcome = namedBy(lines.at(-1) ?? '', outcomes);
  return {
    outcome,
    evidence: {
      codeDigest: digestOf(code),
      printed: lines.slice(0, -1).join('\n').trimEnd().slice(0, PRINTED_MAX),
    },
  };
}

/** What the function returned: the name of an outcome. */
function namedBy(json: string, outcomes: Question['outcomes']): string {
  const names = outcomes.map(({ name }) => name);
  const name = parsedOrNull(json);
  if (typeof name === 'string' && names.includes(name)) return name;
  throw oracleFailed(`The oracle's function returned ${json}. It must return one of: ${names.join(', ')}.`);
}

function parsedOrNull(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

function oracleFailed(message: string): WorldError {
  return new WorldError('ORACLE_FAILED', `${message} Nothing was answered.`);
}
