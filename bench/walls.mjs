import { spawn } from 'node:child_process';
import { findSecondWall } from '../dist/substrates/wasm/walls/second-wall.js';
import { createWasmSubstrate } from '../dist/substrates/wasm/wasm-substrate.js';
import { sample, summarise, timed } from './statistics.mjs';

const SIZE = { workers: 2, slabBudgetBytes: 1024 ** 3 };
const START = { file: process.execPath, args: ['-e', 'process.stdout.write("up")'] };

/** From starting Node as `command` says to what it prints first, ms. */
function startNode({ file, args }) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(file, args, { env: {}, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    let upMs = null;
    child.stdout.once('data', () => {
      upMs = performance.now() - start;
    });
    child.once('error', reject);
    child.once('close', () => (upMs === null ? reject(new Error('it said nothing')) : resolve(upMs)));
  });
}

function wallHere() {
  const wall = findSecondWall();
  if (wall.enclose === null) throw new Error(`there is no second wall here: ${wall.missing}`);
  return wall;
}

async function exec(n, folder, options) {
  const pageStore = { has: () => false };
  const substrate = createWasmSubstrate({ pageStore, cacheDir: folder, ...SIZE, ...options });
  const limits = {
    ...{ timeoutMs: 30_000, cpuMs: 86_400_000, memoryBytes: 512 * 1024 ** 2, outputBytes: 1024 ** 2 },
    ...{ fileBytes: 256 * 1024 ** 2, files: 20_000, openFiles: 1024, codeBytes: 1024 ** 2, queue: 64 },
  };
  const identity = {
    ...{ worldId: `wld_${'0'.repeat(26)}`, generation: 0, verse: 'root', trit: 0, probability: '1' },
    ...{ seed: 1n, commonRandomNumbers: false },
  };
  const machine = await substrate.boot({ limits }, identity, {});
  const request = { language: 'python', code: 'x = 1', clockNs: 0n, balances: {}, limits };
  const once = async () => {
    await machine.execute(request, { write: () => undefined }, {});
    await machine.snapshot({});
  };
  try {
    return summarise(await sample(n, 20, () => timed(once)));
  } finally {
    await substrate[Symbol.asyncDispose]();
  }
}

const NO_WALL = () => ({ parts: [], enclose: null, missing: 'left out to measure' });

/** What the second wall costs, each beside the same without it. */
export const WALLS = [
  {
    name: 'walls.probe',
    unit: 'ms',
    goal: null,
    samples: 20,
    runsAlone: true,
    run: async (_, n) => summarise(await sample(n, 1, () => timed(async () => wallHere()))),
  },
  {
    name: 'walls.cold_start',
    unit: 'ms',
    goal: null,
    samples: 20,
    runsAlone: true,
    run: async (_, n) => {
      const command = wallHere().enclose(START, SIZE);
      return summarise(await sample(n, 1, () => startNode(command)));
    },
  },
  {
    name: 'walls.cold_start_without',
    unit: 'ms',
    goal: null,
    samples: 20,
    runsAlone: true,
    run: async (_, n) => summarise(await sample(n, 1, () => startNode(START))),
  },
  {
    name: 'walls.exec',
    unit: 'ms',
    goal: null,
    samples: 300,
    runsAlone: true,
    run: (folder, n) => exec(n, folder, { findWall: wallHere }),
  },
  {
    name: 'walls.exec_without',
    unit: 'ms',
    goal: null,
    samples: 300,
    runsAlone: true,
    run: (folder, n) => exec(n, folder, { findWall: NO_WALL, allowWeakIsolation: true }),
  },
];
