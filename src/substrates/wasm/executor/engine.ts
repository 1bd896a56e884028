import { pathToFileURL } from 'node:url';
import { engineFolder } from './engine-files.js';
import type { GuestInputs } from './guest-inputs.js';
import { ImportLock, type OwnImports } from './locked-imports.js';
import type {
  EngineExports,
  LoadPyodide,
  ModuleFactory,
  ModuleSettings,
  Pyodide,
  PyodideModule,
} from './pyodide-internals.js';

/** CPython, instantiated in this thread. */
export interface Engine {
  readonly pyodide: Pyodide;
  readonly module: PyodideModule;
  readonly exports: EngineExports;
  readonly lock: ImportLock;
  /** Emscripten's own growth: grows the memory and refreshes its views. */
  readonly growMemory: (bytes: number) => boolean;
}

export interface StartEngineOptions {
  /** The patched binary, compiled. */
  readonly module: WebAssembly.Module;
  readonly inputs: GuestInputs;
  readonly own: Omit<OwnImports, 'inputs' | 'memory'>;
  /** Start from the engine's own snapshot, or start cold so that one can be made. */
  readonly from: { readonly snapshot: Uint8Array } | 'cold';
}

const ENVIRONMENT = {
  HOME: '/home/world',
  USER: 'world',
  LOGNAME: 'world',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  PYTHONHASHSEED: '0',
} as const;

/** What the engine checks about a list of packages; ours is empty, so that it never fetches one. */
const LOCK_INFO = {
  abi_version: '2026_0',
  arch: 'wasm32',
  platform: 'emscripten_5_0_3',
  python: '3.14.2',
} as const;

/** `pinGlobals` must have run in this thread: the engine's modules are imported here. */
export async function startEngine(options: StartEngineOptions): Promise<Engine> {
  const folder = engineFolder();
  const { loadPyodide } = (await import(pathToFileURL(`${folder}pyodide.mjs`).href)) as {
    loadPyodide: LoadPyodide;
  };
  const { default: factory } = (await import(pathToFileURL(`${folder}pyodide.asm.mjs`).href)) as {
    default: ModuleFactory;
  };
  const lock = new ImportLock();
  const instantiated: { instance?: WebAssembly.Instance; grow?: (bytes: number) => boolean } = {};
  const exportsOf = () => instantiated.instance?.exports as unknown as EngineExports;

  const createPyodideModule: ModuleFactory = (settings) => {
    instantiateOnce(settings, options.module, (imports) => {
      instantiated.grow = imports['emscripten_resize_heap'] as (bytes: number) => boolean;
      lock.wrap(imports, { inputs: options.inputs, memory: () => exportsOf().memory, ...options.own });
      return (instance) => {
        instantiated.instance = instance;
        const { memory, world_visible_memory_bytes: visible } = exportsOf();
        visible.value = memory.buffer.byteLength;
      };
    });
    return factory(settings);
  };

  const pyodide = await loadPyodide({
    indexURL: folder,
    lockFileContents: { info: LOCK_INFO, packages: {} },
    env: { ...ENVIRONMENT },
    jsglobals: Object.create(null) as object,
    createPyodideModule,
    stdin: () => null,
    stdout: () => {},
    stderr: () => {},
    ...(options.from === 'cold' ? { _makeSnapshot: true } : { _loadSnapshot: options.from.snapshot }),
  });
  const { grow } = instantiated;
  if (grow === undefined) throw new Error('the engine did not ask for its imports');
  return { pyodide, module: pyodide._module, exports: exportsOf(), lock, growMemory: grow };
}

type Hook = (imports: Record<string, unknown>) => (instance: WebAssembly.Instance) => void;

/** Makes the engine use our compiled module instead of compiling its file, with our imports. */
function instantiateOnce(settings: ModuleSettings, module: WebAssembly.Module, hook: Hook): void {
  const original = settings.instantiateWasm;
  settings.instantiateWasm = (imports, done) => {
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (binary, wanted) => {
      if (wanted !== imports) return instantiate(binary, wanted);
      const instantiated = hook(imports.env);
      const instance = (await instantiate(module, wanted)) as WebAssembly.Instance;
      instantiated(instance);
      return { instance, module };
    };
    return original(imports, (instance, compiled) => {
      WebAssembly.instantiate = instantiate;
      done(instance, compiled);
    });
  };
}
