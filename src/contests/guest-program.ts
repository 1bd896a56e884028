import { z } from 'zod';
import { parse } from '../model/parse.js';
import { WorldError } from '../model/world-error.js';

/** What a contest says to guests and reads from them. Worlds speak Python; tests of the rest need not. */
export interface GuestLanguage {
  /** Code whose value is the answer of `program`, which sees `data` as a variable if there is some. */
  ask(program: string, what: string, data?: { readonly name: string; readonly json: string }): string;
  /** The answer in the value of such an execution. @throws BAD_INPUT */
  answer(value: string | null): Answer;
  /** Code that reports a number as the world's value. */
  report(number: string): string;
}

/** What the last expression of a program was. Numbers are exact, as text. */
export const Answer = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('number'), number: z.string() }),
  z.strictObject({ is: z.literal('text'), text: z.string() }),
  z.strictObject({
    is: z.literal('scores'),
    scores: z.array(z.tuple([z.string(), z.string().nullable()])),
  }),
  z.strictObject({ is: z.literal('nothing') }),
  z.strictObject({ is: z.literal('other'), type: z.string() }),
]);
export type Answer = z.infer<typeof Answer>;

/** The answer goes as hexadecimal digits, which look the same in every language. */
const HEX = /^'((?:[0-9a-f]{2})*)'$/;

export const PYTHON: GuestLanguage = {
  ask: (program, what, data) =>
    [
      ASK,
      // A JSON text is a Python text too: JSON writes only escapes that Python has.
      ...(data ? [`${data.name} = __import__('json').loads(${JSON.stringify(data.json)})`] : []),
      `__ask(${JSON.stringify(program)}, ${JSON.stringify(`<${what}>`)}, globals())`,
    ].join('\n'),
  answer: (value) => readAnswer(HEX.exec(value ?? '')?.[1]),
  // Leaves no name behind in a world that may win.
  report: (number) => `__import__('world').report(value=${JSON.stringify(number)})`,
};

/** @throws BAD_INPUT */
function readAnswer(hex: string | undefined): Answer {
  if (hex === undefined) {
    throw new WorldError('BAD_INPUT', 'The program did not end in an answer that can be read.');
  }
  return parse(Answer, JSON.parse(Buffer.from(hex, 'hex').toString('utf8')), 'answer');
}

const ASK = `def __ask(source, name, scope):
    import ast, decimal, fractions, json
    def exact(one):
        if isinstance(one, (int, float, fractions.Fraction, decimal.Decimal)):
            return str(fractions.Fraction(one))
        raise TypeError(f'a score is a number, not {type(one).__name__}')
    def plain(one):
        if one is None: return {'is': 'nothing'}
        if isinstance(one, (int, float, fractions.Fraction, decimal.Decimal)):
            return {'is': 'number', 'number': exact(one)}
        if isinstance(one, str): return {'is': 'text', 'text': one}
        if isinstance(one, dict):
            pairs = [[str(key), None if score is None else exact(score)] for key, score in one.items()]
            return {'is': 'scores', 'scores': pairs}
        return {'is': 'other', 'type': type(one).__name__}
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, 'exec'), scope)
    value = None if last is None else eval(compile(ast.Expression(last.value), name, 'eval'), scope)
    return json.dumps(plain(value)).encode().hex()`;
