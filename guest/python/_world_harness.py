"""Runs what a world is given to run.

The host calls the functions at the end of this file directly, as C functions, and reads the string they return.
Each execution should touch as few pages of memory as it can: everything that it needs is made once, here, and
stays. Nothing of this module is meant for guest code, which has the module `world`.
"""

import builtins
import io
import json
import linecache
import os
import sys
import traceback
from types import CodeType

_ALLOW_TOP_LEVEL_AWAIT = 0x2000
_COROUTINE = 0x80

_main = sys.modules["__main__"].__dict__
_hidden_files = {__file__}
_executions = 0
_pending_identity = None


def _open_stream(descriptor, name):
    raw = io.FileIO(descriptor, "w", closefd=False)
    raw.name = name
    return io.TextIOWrapper(
        io.BufferedWriter(raw), "utf-8", "backslashreplace", newline="\n", line_buffering=True
    )


_stdout = _open_stream(1, "<stdout>")
_stderr = _open_stream(2, "<stderr>")


def _remember(name, source):
    """Lets later tracebacks show the lines of this execution."""
    linecache.cache[name] = (len(source), None, [line + "\n" for line in source.split("\n")], name)


def _has_functions(code):
    for constant in code.co_consts:
        if type(constant) is CodeType:
            return True
    return False


def _user_frames(tb):
    while tb is not None:
        file = tb.tb_frame.f_code.co_filename
        if file not in _hidden_files and "/asyncio/" not in file:
            break
        tb = tb.tb_next
    return tb


def _describe(error):
    """Type, message and traceback as JSON. Must not raise, whatever the guest's exception class does."""
    try:
        frames = _user_frames(error.__traceback__)
        formatted = traceback.TracebackException(type(error), error, frames, compact=True)
        formatted.stack[:] = [frame for frame in formatted.stack if frame.filename not in _hidden_files]
        text = "".join(formatted.format())
    except BaseException:
        text = type(error).__name__ + "\n"
    try:
        message = str(error)
    except BaseException:
        message = "<exception str() failed>"
    try:
        return json.dumps([type(error).__name__, message, text])
    except BaseException:
        return '["MemoryError", "", "MemoryError\\n"]'


def _flush():
    try:
        _stdout.flush()
        _stderr.flush()
    except BaseException:
        pass


def _await(coroutine):
    import _world_loop

    return _world_loop.run_top_level(coroutine)


def _failed(error, name, source):
    if name not in linecache.cache:
        linecache.cache[name] = (len(source), None, [line + "\n" for line in source.split("\n")], name)
        text = _describe(error)
        linecache.cache.pop(name, None)
    else:
        text = _describe(error)
    _flush()
    return "E" + text


def _not_compiled(error):
    error.__context__ = error.__traceback__ = None
    return "S" + _describe(error)


def _numbered():
    """A name of its own for code whose functions later executions may call: tracebacks then show its lines."""
    global _executions
    _executions += 1
    return f"<execution {_executions}>"


def _become():
    """Applies the identity that `stage_identity` left, now that the code is known to compile."""
    global _pending_identity
    fields, _pending_identity = _pending_identity, None
    import world

    world._become(fields)


def run_statements(source):
    """Runs `source` for its effects. None, or a string: "E" + JSON of an error, "S" + JSON of a syntax error."""
    name = "<execution>"
    try:
        code = compile(source, name, "exec", _ALLOW_TOP_LEVEL_AWAIT, True)
        if _has_functions(code):
            name = _numbered()
            code = compile(source, name, "exec", _ALLOW_TOP_LEVEL_AWAIT, True)
            _remember(name, source)
    except BaseException as error:
        return _not_compiled(error)
    try:
        if _pending_identity is not None:
            _become()
        if code.co_flags & _COROUTINE:
            _await(eval(code, _main))
        else:
            exec(code, _main)
    except BaseException as error:
        return _failed(error, name, source)
    _flush()


def _compile_parts(head, tail, name):
    """Code of the statements (or None) and of the trailing expression. None when they do not stand on their own."""
    try:
        first = compile(head, name, "exec", _ALLOW_TOP_LEVEL_AWAIT, True) if head else None
        padding = "\n" * head.count("\n")
        last = compile(padding + tail, name, "eval", _ALLOW_TOP_LEVEL_AWAIT, True)
        return first, last
    except (SyntaxError, ValueError):
        return None


def _compile_tree(source, name):
    """The same by way of the syntax tree: right for every source, but it touches many pages."""
    import ast

    tree = ast.parse(source, name, "exec")
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
        last = compile(last, name, "eval", _ALLOW_TOP_LEVEL_AWAIT, True)
    first = compile(tree, name, "exec", _ALLOW_TOP_LEVEL_AWAIT, True) if tree.body else None
    if first is None and last is None:
        first = compile(source, name, "exec", _ALLOW_TOP_LEVEL_AWAIT, True)
    return first, last


def _compile_split(head, tail, name):
    return _compile_parts(head, tail, name) or _compile_tree(head + tail, name)


def run_split(parts):
    """Runs `head + NUL + tail`, where tail is probably an expression. As `run_statements`, or "V" + its repr."""
    head, _, tail = parts.partition("\0")
    name = "<execution>"
    source = head + tail
    try:
        first, last = _compile_split(head, tail, name)
        if (first is not None and _has_functions(first)) or (last is not None and _has_functions(last)):
            name = _numbered()
            first, last = _compile_split(head, tail, name)
            _remember(name, source)
    except BaseException as error:
        return _not_compiled(error)
    text = None
    try:
        if _pending_identity is not None:
            _become()
        if first is not None:
            value = eval(first, _main)
            if first.co_flags & _COROUTINE:
                _await(value)
        if last is not None:
            value = eval(last, _main)
            if last.co_flags & _COROUTINE:
                value = _await(value)
            if value is not None:
                text = repr(value)
    except BaseException as error:
        return _failed(error, name, source)
    _flush()
    if text is not None:
        if not text.isascii():
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        return "V" + text


def stage_identity(fields):
    """Takes the fields of the next identity, joined by NUL; the next execution that compiles becomes it."""
    global _pending_identity
    _pending_identity = fields.split("\0")


class _Leave:
    """`exit` and `quit` that end the execution but leave standard input open."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Use {self.name}() to end the execution"

    def __call__(self, code=None):
        raise SystemExit(code)


def _refuse_exit(status=0):
    raise SystemExit(status)


def install():
    """Makes this interpreter a world's. Returns the addresses that the host needs."""
    import signal

    sys.stdout = sys.__stdout__ = _stdout
    sys.stderr = sys.__stderr__ = _stderr
    builtins.exit = _Leave("exit")
    builtins.quit = _Leave("quit")
    os._exit = _refuse_exit
    _hide_engine()
    for name in ("setitimer", "alarm"):
        if hasattr(signal, name):
            delattr(signal, name)
    import time

    import _world_loop
    import world

    time.sleep = world._sleep
    _hidden_files.update((_world_loop.__file__, world.__file__))
    _world_loop.install()
    return json.dumps(
        {
            "none": id(None),
            "memoryError": id(MemoryError),
            "runStatements": id(run_statements),
            "runSplit": id(run_split),
            "stageIdentity": id(stage_identity),
            "tidy": id(tidy),
            "settle": id(settle),
            "fillPools": id(fill_pools),
        }
    )


_ENGINE_MODULES = ("pyodide", "_pyodide", "pyodide_js", "_pyodide_core", "js", "_pyodide_debug")
_BARRED_MODULES = ("ctypes", "_ctypes", "_ctypes_test", "pyodide", "_pyodide", "pyodide_js", "_pyodide_core", "js")
_kept_alive = []


def _hide_engine():
    """The engine's bridge to JavaScript cannot be imported; its objects live on, so that none is ever released."""
    for name in list(sys.modules):
        if name.partition(".")[0] in _ENGINE_MODULES or name.partition(".")[0] in ("ctypes", "_ctypes"):
            _kept_alive.append(sys.modules.pop(name))
    for name in _BARRED_MODULES:
        sys.modules[name] = None
    for finder in list(sys.meta_path):
        if type(finder).__module__.partition(".")[0] in _ENGINE_MODULES or (
            isinstance(finder, type) and finder.__module__.partition(".")[0] in _ENGINE_MODULES
        ):
            sys.meta_path.remove(finder)
            _kept_alive.append(finder)


def tidy(_):
    """Forgets what the warm-up left, before the base state is taken."""
    import gc

    for name in [name for name in _main if not (name.startswith("__") and name.endswith("__"))]:
        del _main[name]
    _main.pop("__annotations__", None)
    for name in [name for name in linecache.cache if name.startswith("<execution")]:
        del linecache.cache[name]
    gc.collect()


def settle(_):
    """The last call before the base state is taken: the first execution of a world is number 1.

    What is there by then is taken out of the collector's sight: a collection writes into every object it looks at, and
    would make each world's own copy of pages that all worlds can share.
    """
    import gc

    global _executions
    _executions = 0
    gc.freeze()


def fill_pools(_):
    """Allocates small objects of every size until each size class starts a fresh pool.

    What an execution allocates then lands together in few pages, instead of in the holes of many.
    """
    import gc

    gc.collect()
    kept = [None] * 400_000
    count = 0
    for size in range(512, 0, -16):
        for attempt in range(20_000):
            block = bytes(size - 17) if size > 16 else object()
            kept[count] = block
            count += 1
            if attempt > 2 and (id(block) & 0x3FFF) < 64:
                break
    _kept_alive.append(tuple(kept[:count]))
