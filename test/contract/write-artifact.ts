import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runOptions } from '../support/run-options.js';
import { artifactOf, artifactText, CONTRACTS, readSources } from './compile-contract.js';

const USAGE = `npm run contract: compiles contracts/*.sol and writes contracts/Multiverse.json
`;

runOptions(USAGE, {});
const artifact = artifactOf(readSources());
const file = join(CONTRACTS, 'Multiverse.json');
writeFileSync(file, artifactText(artifact));
process.stdout.write(`${file}: solc ${artifact.solc}, ${(artifact.bytecode.length - 2) / 2} bytes\n`);
