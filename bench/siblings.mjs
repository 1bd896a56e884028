import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ratioOf, summarise } from './statistics.mjs';

const SIBLINGS_COUNT = 100_000;
const WARM_UP = 20;

/** A process with a runtime of its own, in which one child of a world with `count` idle ones executes. */
class Family {
  #process;
  #waiting = null;
  /** Seconds that building took. */
  built;

  constructor(dataDir, count) {
    mkdirSync(dataDir);
    const program = fileURLToPath(new URL('./sibling-family.mjs', import.meta.url));
    this.#process = fork(program, [dataDir, String(count)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#process.on('message', (message) => this.#waiting?.resolve(message));
    this.#process.on('exit', (code) => {
      this.#waiting?.reject(new Error(`the process of a family ended with ${code}`));
    });
    this.built = this.#next().then(({ builtS }) => builtS);
  }

  /** Has the child execute and the parent branch once; answers how long each took. */
  ask() {
    this.#process.send('once');
    return this.#next();
  }

  async end() {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }

  #next() {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}

/**
 * Two processes, so that the one with few worlds does not pay for the other's heap; asked in turn, so that both see
 * the same machine.
 */
async function siblingRatio(dataDir, n) {
  const alone = new Family(join(dataDir, 'alone'), 1);
  await alone.built;
  const crowded = new Family(join(dataDir, 'crowded'), SIBLINGS_COUNT);
  try {
    const builtS = await crowded.built;
    process.stderr.write(`built ${SIBLINGS_COUNT} siblings in ${builtS.toFixed(1)} s\n`);
    const samples = { alone: [], crowded: [] };
    for (let i = -WARM_UP; i < n; i += 1) {
      const few = await alone.ask();
      const many = await crowded.ask();
      if (i < 0) continue;
      samples.alone.push(few);
      samples.crowded.push(many);
    }
    const times = (part) => ({
      few: samples.alone.map((one) => one[part]),
      many: samples.crowded.map((one) => one[part]),
    });
    const [execute, branch] = [times('executeMs'), times('branchMs')];
    return {
      'wasm.sibling_ratio': ratioOf(execute.many, execute.few),
      'wasm.sibling_branch_ratio': ratioOf(branch.many, branch.few),
      'wasm.sibling_build': summarise([builtS * 1000]),
    };
  } finally {
    await Promise.all([alone.end(), crowded.end()]);
  }
}

export const SIBLINGS = [
  {
    rows: [
      { name: 'wasm.sibling_ratio', unit: 'x', goal: 1.3 },
      { name: 'wasm.sibling_branch_ratio', unit: 'x', goal: null },
      { name: 'wasm.sibling_build', unit: 'ms', goal: null },
    ],
    samples: 200,
    runsAlone: true,
    run: siblingRatio,
  },
];
