/**
 * The part of the variables' probe (variables-probe.ts) that makes a text and a hash of a value. Python; in the namespace of
 * the probe. `walk` calls nothing that the world defines, and raises NeedsCode where it would have to, unless `ask` may.
 */
export const DESCRIBE_VALUES = `
import sys
from _blake2 import blake2b
from _collections import OrderedDict, defaultdict, deque

STEPS_ALL = 500000
STEPS_EACH = 200000
DEPTH_MAX = 40

Function = type(lambda: 0)
Code = type((lambda: 0).__code__)
Module = type(sys)
Method = type((lambda: 0).__get__(0))
Builtin = type(len)
GetSet = type(type.__dict__['__name__'])
Member = type(Function.__dict__['__globals__'])
PLAIN = frozenset((type(None), bool, float, complex, type(...), type(NotImplemented), range))
NUMBERS = frozenset((type(None), bool, int, float))
QUIET = frozenset((
    '__dict__', '__weakref__', '__module__', '__qualname__', '__firstlineno__', '__static_attributes__', '__doc__',
    '__annotate__', '__annotate_func__', '__annotations__', '__annotations_cache__', '__abstractmethods__', '_abc_impl',
    '__dataclass_fields__', '__dataclass_params__',
))

mro_of = type.__dict__['__mro__'].__get__
dict_of_class = type.__dict__['__dict__'].__get__
name_of_class = type.__dict__['__qualname__'].__get__


class NeedsCode(Exception):
    pass


class OutOfSteps(Exception):
    pass


class Budget:
    def __init__(self):
        self.steps = STEPS_ALL


class Out:
    def __init__(self, budget, room, asks):
        self.hash = blake2b(digest_size=16)
        self.shown = []
        self.room = room
        self.cut = False
        self.whole = True
        self.hidden = 0
        self.open = set()
        self.budget = budget
        self.steps = min(STEPS_EACH, budget.steps)
        self.all = self.steps == STEPS_EACH
        self.asks = asks

    def step(self, count=1):
        self.steps -= count
        self.budget.steps -= count
        if self.steps < 0:
            raise OutOfSteps

    def put(self, text):
        self.hash.update(str.encode(text, 'utf-8', 'surrogatepass'))
        if self.hidden:
            return
        piece = text[:self.room]
        self.room -= len(piece)
        if piece:
            self.shown.append(piece)
        if len(piece) < len(text):
            self.cut = True

    def hide(self, text):
        self.hidden += 1
        self.put(text)
        self.hidden -= 1

    def text(self):
        return ''.join(self.shown)


def in_class(kind, name):
    for one in mro_of(kind):
        found = dict_of_class(one)
        if name in found:
            return found[name]
    return None


def module_of(kind):
    name = dict_of_class(kind).get('__module__')
    return name if type(name) is str else 'builtins'


def type_name(kind):
    name = name_of_class(kind)
    module = module_of(kind)
    return name if module in ('builtins', '__main__') else module + '.' + name


def walk(value, out):
    out.step()
    kind = type(value)
    # A class of the world's own making may have a hash of its own, so only Python's are looked up.
    if type(kind) is type and kind in PLAIN:
        out.put(repr(value))
    elif kind is int:
        out.put(repr(value) if value.bit_length() < 8000 else hex(value))
    elif kind is str or kind is bytes or kind is bytearray:
        walk_text(value, out)
    elif kind is Module:
        name = object.__getattribute__(value, '__dict__').get('__name__')
        out.put('<module ' + (name if type(name) is str else '?') + '>')
    elif kind is Builtin:
        out.put('<built-in ' + value.__qualname__ + '>')
    elif id(value) in out.open or len(out.open) > DEPTH_MAX:
        out.whole = out.whole and id(value) in out.open
        out.put('...')
    else:
        out.open.add(id(value))
        try:
            walk_inside(value, kind, out)
        finally:
            out.open.discard(id(value))


def walk_text(value, out):
    first = repr(value[:65536])
    end = first[-2:] if type(value) is bytearray else first[-1:]
    head = {str: 1, bytes: 2, bytearray: 12}[type(value)]
    out.put(first[:-len(end)])
    for at in range(65536, len(value), 65536):
        out.step(60)
        out.put(repr(value[at:at + 65536])[head:-len(end)])
    out.put(end)


def walk_inside(value, kind, out):
    if kind is list:
        walk_items(value, out, '[', ']')
    elif kind is tuple:
        walk_items(value, out, '(', ',)' if len(value) == 1 else ')')
    elif kind is dict:
        walk_pairs(dict.items(value), out)
    elif kind is set or kind is frozenset:
        walk_set(value, kind, out)
    elif kind is deque or kind is OrderedDict or kind is defaultdict:
        out.put(kind.__name__ + '(')
        if kind is deque:
            walk_items(list(deque.__iter__(value)), out, '[', ']')
        else:
            if kind is defaultdict:
                walk(value.default_factory, out)
                out.put(', ')
            walk_pairs(list(kind.items(value)), out)
        out.put(')')
    elif kind is Function:
        walk_function(value, out)
    elif kind is slice:
        out.put('slice(')
        for one in (value.start, value.stop, value.step):
            walk(one, out)
            out.put(',')
        out.put(')')
    elif kind is Code:
        out.put('<code ' + value.co_qualname + '>')
        walk_code(value, out)
    elif kind is Method:
        out.put('<method ' + type_name(type(value.__self__)) + ' ')
        walk(value.__func__, out)
        out.put(' of ')
        walk(value.__self__, out)
        out.put('>')
    elif kind is staticmethod or kind is classmethod:
        out.put('@' + kind.__name__ + ' ')
        walk(value.__func__, out)
    elif kind is property:
        out.put('@property ')
        for one in (value.fget, value.fset, value.fdel):
            walk(one, out)
    elif issubclass(kind, type):
        walk_class(value, out)
    elif in_class(kind, '__repr__') is object.__repr__:
        walk_object(value, kind, out)
    elif out.asks:
        ask(value, kind, out)
    else:
        raise NeedsCode


def walk_items(items, out, before, after):
    out.put(before)
    for at in range(0, len(items), 1000):
        chunk = items[at:at + 1000]
        if at:
            out.put(', ')
        if all(type(type(item)) is type and type(item) in NUMBERS for item in chunk):
            out.step(50)
            try:
                out.put(repr(list(chunk))[1:-1])
                continue
            except ValueError:
                pass
        for i, item in enumerate(chunk):
            if i:
                out.put(', ')
            walk(item, out)
    out.put(after)


def walk_pairs(pairs, out):
    out.put('{')
    for i, (key, item) in enumerate(pairs):
        if i:
            out.put(', ')
        walk(key, out)
        out.put(': ')
        walk(item, out)
    out.put('}')


def walk_set(value, kind, out):
    parts = []
    for item in kind.__iter__(value):
        part = Out(out.budget, 200, out.asks)
        part.open = out.open
        part.steps = out.steps
        walk(item, part)
        out.steps = part.steps
        out.whole = out.whole and part.whole
        parts.append((part.text() + ('...' if part.cut else ''), part.hash.hexdigest()))
    parts.sort()
    out.put('frozenset({' if kind is frozenset else '{' if parts else 'set({')
    for i, (shown, digest) in enumerate(parts):
        out.put((', ' if i else '') + shown)
        out.hide(digest)
    out.put('}' if kind is set and parts else '})')


def walk_function(value, out):
    code = value.__code__
    out.put('def ' + code.co_name + '(')
    walk_parameters(value, code, out)
    out.put(')')
    out.hidden += 1
    try:
        walk_code(code, out)
        for cell in value.__closure__ or ():
            try:
                inside = cell.cell_contents
            except ValueError:
                continue
            walk(inside, out)
        if value.__dict__:
            walk_pairs(dict.items(value.__dict__), out)
    finally:
        out.hidden -= 1


def walk_parameters(value, code, out):
    count = code.co_argcount
    keywords = count + code.co_kwonlyargcount
    names = code.co_varnames
    defaults = dict(value.__kwdefaults__ or {})
    given = value.__defaults__ or ()
    defaults.update(zip(names[count - len(given):count], given))
    stars = iter(names[keywords:])
    parts = list(names[:count])
    if code.co_flags & 4:
        parts.append('*' + next(stars))
    elif code.co_kwonlyargcount:
        parts.append('*')
    parts.extend(names[count:keywords])
    if code.co_flags & 8:
        parts.append('**' + next(stars))
    for i, name in enumerate(parts):
        out.put(', ' + name if i else name)
        if name in defaults:
            out.put('=')
            walk(defaults[name], out)


def walk_code(code, out):
    out.hidden += 1
    try:
        facts = (code.co_name, code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags,
                 code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_code, code.co_exceptiontable)
        out.put(repr(facts))
        for constant in code.co_consts:
            if type(constant) is Code:
                walk_code(constant, out)
            else:
                walk(constant, out)
    finally:
        out.hidden -= 1


def walk_class(value, out):
    bases = ', '.join(type_name(base) for base in mro_of(value)[1:2] if base is not object)
    out.put('<class ' + type_name(value) + ('(' + bases + ')' if bases else '') + '>')
    if module_of(value) != '__main__':
        return
    out.hidden += 1
    try:
        members = dict_of_class(value)
        for name in sorted(name for name in members if type(name) is str and name not in QUIET):
            member = members[name]
            if type(member) is Member or type(member) is GetSet:
                out.put(name)
            else:
                out.put(name + '=')
                walk(member, out)
    finally:
        out.hidden -= 1


def walk_object(value, kind, out):
    attributes = {}
    for one in mro_of(kind):
        members = dict_of_class(one)
        # What no class statement made may keep state where it cannot be seen.
        if one is not object and '__firstlineno__' not in members:
            out.whole = False
        for name, member in members.items():
            if name == '__dict__' and type(member) is GetSet:
                for key, item in dict.items(member.__get__(value)):
                    if type(key) is str:
                        attributes.setdefault(key, item)
            elif type(member) is Member:
                try:
                    attributes.setdefault(name, member.__get__(value))
                except AttributeError:
                    pass
    out.put('<' + type_name(kind))
    for name in sorted(attributes):
        out.put(' ' + name + '=')
        walk(attributes[name], out)
    out.put('>')
`;
