import { single } from './attack.js';

const take = (module: string, then: string) => `import ${module}\n${then}`;
/** Looks at every object that the collector knows, and at what they refer to. */
const WALK = `import gc
found = [o for o in gc.get_objects() if type(o).__module__.startswith(('pyodide', '_pyodide', 'js')) or 'Js' in type(o).__name__]
`;

export const BRIDGE = single('javascript bridge', [
  ['import js', 'ModuleNotFoundError', take('js', 'js.process.exit(1)')],
  ['import pyodide_js', 'ModuleNotFoundError', take('pyodide_js', 'pyodide_js.FS')],
  ['import pyodide.ffi', 'ModuleNotFoundError', take('pyodide.ffi', 'pyodide.ffi.create_proxy(print)')],
  [
    'import pyodide.code and run_js',
    'ModuleNotFoundError',
    'from pyodide.code import run_js\nrun_js("process.exit(1)")',
  ],
  ['import _pyodide_core', 'ModuleNotFoundError', take('_pyodide_core', '_pyodide_core')],
  ['import _pyodide._base', 'ModuleNotFoundError', take('_pyodide._base', '_pyodide._base.eval_code("1")')],
  [
    'import pyodide.http',
    'ModuleNotFoundError',
    take('pyodide.http', 'pyodide.http.open_url("file:///etc/passwd")'),
  ],
  ['importlib by name', 'ModuleNotFoundError', 'import importlib\nimportlib.import_module("js").process'],
  ['__import__ with a fromlist', 'ModuleNotFoundError', '__import__("js", fromlist=["process"]).process'],
  [
    'delete the bar, then import',
    'ModuleNotFoundError',
    'import sys\ndel sys.modules["js"]\nimport js\njs.process',
  ],
  [
    'delete the bar of the core',
    'AttributeError',
    'import sys\ndel sys.modules["_pyodide_core"]\nimport _pyodide_core\n_pyodide_core.JsProxy',
  ],
  [
    'builtin importer',
    'ok',
    'import sys, importlib.machinery as m\nspec = m.BuiltinImporter.find_spec("_pyodide_core")\nspec and m.BuiltinImporter.create_module(spec)',
  ],
  [
    'builtin module names',
    'ok',
    'import _imp, importlib.machinery as m\ns = m.ModuleSpec("_pyodide_core", m.BuiltinImporter)\n_imp.create_builtin(s)',
  ],
  [
    'reload from the frozen finder',
    'IndexError',
    'import importlib, sys\n[f for f in sys.meta_path if "pyodide" in repr(f).lower()][0].find_spec("js")',
  ],
  [
    'kept modules of the harness',
    'ENGINE_FAULT',
    'import sys\nh = sys.modules["_world_harness"]\n[getattr(m, "process", None) or getattr(m, "run_js", None)("process") for m in h._kept_alive if hasattr(m, "run_js")]',
  ],
  [
    'kept bridge: JsProxy type',
    'AttributeError',
    'import sys\nh = sys.modules["_world_harness"]\nm = next(m for m in h._kept_alive if getattr(m, "__name__", "") == "_pyodide_core")\nm.JsProxy()',
  ],
  [
    'kept bridge: create_proxy',
    'ok',
    'import sys\nh = sys.modules["_world_harness"]\nm = next(m for m in h._kept_alive if hasattr(m, "create_proxy"))\nm.create_proxy(print)',
  ],
  [
    'kept bridge: to_js',
    'ok',
    'import sys\nh = sys.modules["_world_harness"]\nm = next(m for m in h._kept_alive if hasattr(m, "to_js"))\nm.to_js([1, 2, {}])',
  ],
  [
    'kept bridge: run_sync',
    'NotImplementedError',
    'import sys\nh = sys.modules["_world_harness"]\nm = next(m for m in h._kept_alive if hasattr(m, "run_sync"))\nm.run_sync(__import__("asyncio").sleep(0))',
  ],
  [
    'constructor.constructor of what the collector finds',
    'IndexError',
    `${WALK}js = [o for o in found if 'JsProxy' in type(o).__name__]\njs[0].constructor.constructor("return process")().exit(1)`,
  ],
  [
    'call every bridge object',
    'ok',
    `${WALK}for o in found[:200]:
    for use in (lambda: o.constructor.constructor("return process")().exit(1), lambda: o("process.exit(1)"), lambda: o.process):
        try:
            use()
        except (AttributeError, TypeError, ImportError, RuntimeError, IndexError):
            pass`,
  ],
  [
    'subclasses of object',
    'TypeError',
    'js = [c for c in object.__subclasses__() if c.__name__ == "JsProxy"]\njs[0].__new__(js[0]).constructor',
  ],
  [
    'referrers of a bridge type',
    'IndexError',
    'import gc\nt = [c for c in object.__subclasses__() if "Js" in c.__name__]\n[o.js_id for c in t for o in gc.get_referrers(c) if hasattr(o, "js_id")][0]',
  ],
  [
    'web loop of the engine',
    'ok',
    'import asyncio\nasyncio.get_event_loop().__class__.__module__ == "_world_loop" or asyncio.get_event_loop().call_later(0, print)',
  ],
  ['jspi switch', 'ModuleNotFoundError', 'from pyodide.ffi import can_run_sync\ncan_run_sync()'],
  [
    'dlopen of a library',
    'ImportError',
    'import _imp, importlib.machinery as m\nopen("/tmp/x.so", "wb").write(b"\\0asm\\1\\0\\0\\0")\n_imp.create_dynamic(m.ModuleSpec("x", None, origin="/tmp/x.so"))',
  ],
  ['micropip', 'ModuleNotFoundError', take('micropip', 'micropip.install("x")')],
  [
    'package index of the engine',
    'IndexError',
    'import os\n[open(os.path.join(d, f)).read() for d, _, fs in os.walk("/") for f in fs if f == "pyodide-lock.json"][0]',
  ],
]);
