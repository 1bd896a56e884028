import { strict as assert } from 'node:assert';
import { PAGE_BYTES } from '../../../ports/page-store.js';
import { type Guest, startGuest } from './boot-executor.js';
import { startEngine } from './engine.js';
import { type GuestFile, readGuestFiles } from './engine-files.js';
import { tableLengths, WasmExecutor } from './executor.js';
import { GuestInputs } from './guest-inputs.js';
import { EMPTY_BUNDLE, type ImageBundle, ImageFault } from './image-bundle.js';
import { linkLibraries } from './link-libraries.js';
import { pinGlobals } from './pins.js';
import type { EngineExports } from './pyodide-internals.js';
import type { HarnessAddresses } from './python-calls.js';
import { roundUp } from './sizes.js';
import { digestBase, encodeStartup, PackedSink, PackedSlots } from './startup-format.js';
import { warmUp } from './warm-up.js';

const GUEST_FOLDER = '/lib/python3.14/site-packages';
/** The pinned clock makes a folder that has changed look unchanged to Python's importer. */
const INSTALL = `
import importlib
importlib.invalidate_caches()
import _world_harness
_world_harness.install()
`;
const HOME_FOLDER = '/home/world';
/** Room for the files that are no part of an image, the preamble's among them, bytes. */
const OTHER_FILES_BYTES = 64 * 1024 * 1024;

/**
 * Builds the startup snapshot in this thread, whose globals it replaces for good. Two steps: an interpreter that has
 * just started, as the engine's own snapshot knows to save it; then, from that one as every executor will, the base
 * state with the harness, its imports and the warm-up.
 */
export async function buildStartupSnapshot(
  module: WebAssembly.Module,
  image: ImageBundle = EMPTY_BUNDLE,
): Promise<Uint8Array<ArrayBuffer>> {
  const guestFiles = await readGuestFiles();
  const inputs = new GuestInputs();
  pinGlobals(inputs);
  const engineSnapshot = await startInterpreter(module, inputs);
  const interrupt = new Int32Array(new SharedArrayBuffer(4));
  const guest = await startGuest({ module, inputs, interrupt, from: { snapshot: engineSnapshot } });
  placeFiles(guest, image.files);
  const libraries = linkLibraries(guest.engine, image.libraries);
  const tables = tableLengths(guest.engine);
  const addresses = installHarness(guest, guestFiles);
  assert.deepEqual(tableLengths(guest.engine), tables, 'preparing the base made JavaScript references');

  guest.files.takeAsBase();
  guest.engine.lock.locked = true;
  const executor = new WasmExecutor({
    ...guest,
    addresses,
    interrupt,
    base: { digest: '', slots: 0 },
  });
  warmUp({ executor, exports: guest.engine.exports, addresses, preamble: image.preamble });
  guest.inputs.reset();

  const filesBytes = image.files.reduce((sum, { bytes }) => sum + roundUp(bytes.length, PAGE_BYTES), 0);
  const pages = new Uint8Array(guest.memory.sizeBytes + filesBytes + OTHER_FILES_BYTES);
  const base = executor.captureBase(new PackedSink(new PackedSlots(pages)));
  const used = pages.subarray(0, base.slotsUsed * PAGE_BYTES);
  const baseDigest = digestBase(base, used);
  return encodeStartup({ base, pages: used, addresses, libraries, baseDigest, engineSnapshot });
}

async function startInterpreter(module: WebAssembly.Module, inputs: GuestInputs): Promise<Uint8Array> {
  inputs.reset();
  const engine = await startEngine({
    module,
    inputs,
    from: 'cold',
    own: {
      resizeHeap: (bytes, grow) => growVisibly(() => engine.exports, bytes, grow),
      umask: () => 0,
      pipe: () => -1,
      onSignal: () => {},
    },
  });
  return engine.pyodide.makeMemorySnapshot();
}

function growVisibly(exports: () => EngineExports, bytes: number, grow: (bytes: number) => boolean): boolean {
  if (!grow(bytes)) return false;
  const { memory, world_visible_memory_bytes: visible } = exports();
  visible.value = memory.buffer.byteLength;
  return true;
}

function placeFiles(guest: Guest, files: ImageBundle['files']): void {
  const { FS } = guest.engine.module;
  for (const { path, bytes } of files) {
    try {
      FS.mkdirTree(path.slice(0, path.lastIndexOf('/')));
      FS.writeFile(path, bytes);
    } catch (error) {
      throw new ImageFault(`the file ${path} cannot be placed (${String(error)})`);
    }
  }
}

function installHarness(guest: Guest, guestFiles: readonly GuestFile[]): HarnessAddresses {
  const { pyodide, module } = guest.engine;
  for (const file of guestFiles) module.FS.writeFile(`${GUEST_FOLDER}/${file.name}`, file.bytes);
  module.FS.mkdirTree(HOME_FOLDER);
  const addresses = pyodide.runPython(INSTALL);
  if (typeof addresses !== 'string') throw new Error('the harness did not return its addresses');
  return JSON.parse(addresses) as HarnessAddresses;
}
