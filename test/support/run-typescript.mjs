// Lets Node run the tests' own programs: `node --import ./test/support/run-typescript.mjs test/simulation/main.ts`.
// TypeScript's compiler takes the types away, file by file, as each is imported; nothing is checked.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
