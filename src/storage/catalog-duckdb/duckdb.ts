import { createRequire } from 'node:module';

/**
 * The database library, loaded by `require`: its package is CommonJS, and `import` reads each of its modules once more to
 * find what it exports, which takes twice as long. Every command that opens a data directory pays for that. Its types are
 * imported as usual.
 */
export const duckdb = createRequire(import.meta.url)('@duckdb/node-api') as typeof import('@duckdb/node-api');
