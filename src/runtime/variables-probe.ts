import { DESCRIBE_VALUES } from './describe-values.js';

/**
 * Python that tells what a world's top-level variables are. It runs at a state by a probe, so that nothing it causes is kept.
 *
 * The world may be hostile to it: names like `list` are often shadowed, and a `__repr__` may raise, print, change things or
 * never end. So it runs in a namespace of its own, looks at what Python itself defines without calling anything that the world
 * defines, and asks the objects that are left last, with a bound on the lines each may run. A world that replaces Python's own
 * functions can make it answer nonsense, about itself; whoever reads the answer takes it as such.
 *
 * Each value becomes a text and a hash of the whole text, and of what the text does not show: the code of functions, the
 * attributes of objects that have no `__repr__` of their own, the bytes of arrays. Addresses are left out of both.
 */

/** Longest name and type, characters. */
export const NAME_CHARS_MAX = 200;
/** Most variables in an answer. */
export const VARIABLES_MAX = 5_000;
/** Characters of a variable's text; fewer when there are many variables. */
export const TEXT_CHARS_MAX = 1_000;
/** First field of an answer. */
export const ANSWER_MARK = 'world-variables-1';
export const RECORD_END = '\u001e';
export const FIELD_END = '\u001f';

/** Characters of all texts of an answer about some names. */
const NAMED_CHARS_ALL = 400_000;

/** What a probe is to tell. */
export interface VariablesRequest {
  /** Whether code of the world may be called. */
  readonly asks: boolean;
  /** These variables only, with as much text as there is room for; default: all. */
  readonly names?: readonly string[];
}

/** Longest text that an answer to this request may have, characters. */
export function textCharsMax({ names }: VariablesRequest): number {
  return names === undefined ? TEXT_CHARS_MAX : Math.floor(NAMED_CHARS_ALL / Math.max(1, names.length));
}

/**
 * Code whose value is the answer: records of fields. The first record is the mark, the number of variables and how many of
 * them follow; each other one name, type, text, hash, and letters: `c`, the text is cut; `u`, the hash does not cover all.
 */
export function variablesProbe(request: VariablesRequest): string {
  const only = request.names === undefined ? 'None' : JSON.stringify(request.names);
  return [
    'def __wr_diff__():',
    '    import builtins',
    "    scope = {'__builtins__': builtins, '__name__': '__wr_diff__'}",
    // A JSON text is a Python text too: JSON writes only escapes that Python has.
    `    builtins.exec(builtins.compile(${JSON.stringify(DESCRIBE_VALUES + PROGRAM)}, '<diff>', 'exec'), scope)`,
    `    return scope['answer'](builtins.globals(), ${request.asks ? 'True' : 'False'}, ${only}, ${textCharsMax(request)})`,
    '__wr_diff__()',
  ].join('\n');
}

const PROGRAM = String.raw`
LINES_EACH = 20000
BUFFER_BYTES_MAX = 32 * 1024 * 1024
ANSWER_CHARS_MAX = 450000
CONTROLS = {c: '?' for c in (*range(32), *range(127, 160)) if c not in (9, 10)}


class TooLong(BaseException):
    pass


def ask(value, kind, out):
    text, problem = guarded(repr, value)
    if problem is not None or not issubclass(type(text), str):
        out.whole = False
        out.put('<' + type_name(kind) + ': repr ' + (problem or 'answers no text') + '>')
        return
    text = str.__str__(text)
    shorter = without_addresses(text)
    if len(shorter) != len(text):
        out.whole = False
    out.put(shorter)
    view, problem = guarded(memoryview, value)
    if problem is None and 'O' not in view.format and 'P' not in view.format:
        if view.nbytes <= BUFFER_BYTES_MAX:
            out.hash.update(view.tobytes())
        else:
            out.whole = False


def guarded(call, value):
    left = [LINES_EACH]

    def count(frame, event, argument):
        left[0] -= 1
        if left[0] < 0:
            raise TooLong
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return call(value), None
    except TooLong:
        return None, 'takes too long'
    except BaseException as error:
        return None, 'raises ' + name_of_class(type(error))
    finally:
        sys.settrace(before)


def without_addresses(text):
    parts = text.split(' at 0x')
    for i in range(1, len(parts)):
        parts[i] = parts[i].lstrip('0123456789abcdefABCDEF')
    return ''.join(parts)


def clean(text):
    text = str.encode(text, 'utf-8', 'backslashreplace').decode('utf-8')
    return text.translate(CONTROLS)


def describe(value, room, budget, asks):
    out = Out(budget, room, asks)
    digest = None
    try:
        walk(value, out)
    except NeedsCode:
        raise
    except OutOfSteps:
        out.whole = False
        out.cut = True
        # How far it came depends on the other variables, so it can be compared with nothing.
        if not out.all:
            digest = '0' * 32
    except Exception as error:
        out.whole = False
        out.put('<not readable: ' + name_of_class(type(error)) + '>')
    return clean(out.text()), digest or out.hash.hexdigest(), ('c' if out.cut else '') + ('' if out.whole else 'u')


def is_variable(name):
    if type(name) is not str or name == '_' or len(name) > 200 or not name.isidentifier():
        return False
    return not (name.startswith('__') and name.endswith('__'))


class Answer:
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def answer(variables, asks, only, room):
    variables = dict(variables)
    names = sorted(name for name in variables if is_variable(name) and (only is None or name in only))
    told = names[:5000]
    if only is None:
        room = max(60, min(room, 300000 // max(1, len(told))))
    budget = Budget()
    found = {}
    left = []
    # What the world's own code says comes last: it may change things.
    for name in told:
        try:
            found[name] = describe(variables[name], room, budget, False)
        except NeedsCode:
            left.append(name)
    for name in left:
        if asks:
            found[name] = describe(variables[name], room, budget, True)
        else:
            kind = type_name(type(variables[name]))
            found[name] = ('<' + clean(kind) + ': its repr was not asked>', '0' * 32, 'u')
    records = []
    size = 0
    for name in told:
        text, digest, letters = found[name]
        record = '\x1f'.join((name, clean(type_name(type(variables[name])))[:200], text, digest, letters))
        size += len(record) + 1
        if size > ANSWER_CHARS_MAX:
            break
        records.append(record)
    head = '\x1f'.join(('world-variables-1', str(len(names)), str(len(records))))
    return Answer('\x1e'.join([head, *records]))
`;
