import type { Patch } from './broken-build.js';

/** Instead of handing out an import as it is: each call after the lock is written down, beside the module. */
export const IMPORT_RECORDER: Patch = {
  file: 'substrates/wasm/executor/locked-imports.js',
  line: 'return original;',
  becomes: `return Object.assign((...parts) => {
    if (this.locked) process.getBuiltinModule('node:fs').appendFileSync(new URL('./calls.log', import.meta.url), name + '\\n');
    return original(...parts);
  }, original.sig === undefined ? {} : { sig: original.sig });`,
};
