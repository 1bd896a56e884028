import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { WorldError } from '../../src/model/world-error.js';
import { encodeFrame } from '../../src/substrates/wasm/host/frames.js';
import {
  identityOf,
  openSubstrate,
  request,
  SILENT,
  SPEC,
} from '../../src/substrates/wasm/testing/wasm-fixture.js';
import type { Random } from '../simulation/random.js';
import type { Case, Fuzzer } from './fuzzer.js';
import { mutated } from './mutate.js';

/** Longest that anybody may take to notice. */
const BOUND_MS = 30_000;
const HOST = fileURLToPath(new URL('../../dist/substrates/wasm/host/main.js', import.meta.url));

/** Both ends of the wire with damage on it: the control process and a host that lies, the real host and damaged orders. */
export function fuzzHosts(): Fuzzer {
  return {
    name: 'hosts',
    async run(one) {
      if (one.random.onceIn(2)) await listenToLiar(one);
      else await orderDamaged(one);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** The honest answers to what a boot and one execution ask, one of which is damaged. */
function answersOf(random: Random): { start: Buffer; run: Buffer } {
  const facts = { memoryBytes: 1, ownBytes: 1, overheadBytes: 1, root: null };
  const outcome = {
    kind: 'done',
    ok: true,
    changed: true,
    value: '1',
    error: null,
    effects: [],
    stdoutTruncated: false,
    stderrTruncated: false,
    runMs: 1,
  };
  const ready = frames([{ type: 'ready', baseDigest: 'a'.repeat(64), base: facts }]);
  // Runs are numbered from 1 in each process.
  const ran = frames([
    { type: 'started', run: 1 },
    { type: 'output', run: 1, stream: 'stdout', text: 'x' },
    { type: 'ran', run: 1, outcome },
    { type: 'committed', run: 1, facts, slotsUsed: 9 },
  ]);
  return random.onceIn(3)
    ? { start: mutated(random, ready), run: ran }
    : { start: ready, run: mutated(random, ran) };
}

function frames(messages: readonly object[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => encodeFrame(message)));
}

/** The control process answers with an error that has a name, or with what the frames that it could read said. */
async function listenToLiar({ random, saw }: Case): Promise<void> {
  const { start, run } = answersOf(random);
  const [hexStart, hexRun] = [start.toString('hex'), run.toString('hex')];
  const source = `
    const socket = new (require('node:net').Socket)({ fd: 3, readable: true, writable: true });
    let pending = Buffer.alloc(0);
    socket.on('error', () => process.exit());
    socket.on('end', () => process.exit());
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 8 && pending.length >= 8 + pending.readUInt32LE(0)) {
        const { type } = JSON.parse(pending.subarray(8, 8 + pending.readUInt32LE(4)));
        pending = pending.subarray(8 + pending.readUInt32LE(0));
        if (type === 'start') socket.write(Buffer.from('${hexStart}', 'hex'));
        if (type === 'run') socket.write(Buffer.from('${hexRun}', 'hex'));
      }
    });`;
  const substrate = await openSubstrate({
    workers: 1,
    graceMs: 100,
    cacheDir: '/nonexistent/cache',
    hostCommand: { file: process.execPath, args: ['-e', source] },
  });
  const signal = AbortSignal.timeout(3000);
  try {
    const machine = await substrate.boot(SPEC, identityOf(1), { signal });
    const result = await machine.execute(request('1', { timeoutMs: 500 }), SILENT, { signal });
    assert.equal(typeof result.ok, 'boolean', 'an answer is one');
    saw('liars believed');
  } catch (thrown) {
    if (!(thrown instanceof WorldError)) throw thrown;
    assert.notEqual(thrown.code, 'INTERNAL', thrown.message);
    saw('liars found out');
  } finally {
    await within(Promise.resolve(substrate[Symbol.asyncDispose]()), 'the substrate closes');
  }
}

/** The real host ends, or goes on and ends when its control process does. It makes nothing of orders that are none. */
async function orderDamaged({ random, saw }: Case): Promise<void> {
  const orders = frames([
    { type: 'start', workers: 1, slabBudgetBytes: 64 * 1024 * 1024, schedule: 'nearest', imageBytes: null },
    { type: 'stats', request: 1 },
    { type: 'cancel', run: 1 },
  ]);
  const host = spawn(process.execPath, [HOST], {
    env: {},
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const gone = once(host, 'exit');
  for (const stream of host.stdio) stream?.on('error', () => {});
  (host.stdio[4] as Duplex).end();
  const control = host.stdio[3] as Duplex;
  control.resume();
  try {
    control.write(mutated(random, orders));
    await new Promise((resolve) => setTimeout(resolve, 200));
    // Whether it goes on or has ended by now is its affair: what matters is that nothing of it is left.
    saw('hosts with damaged orders');
    control.end();
    control.destroy();
    await within(gone, 'the host ends with its control process');
  } finally {
    end(host);
  }
}

function end(host: ChildProcess): void {
  if (host.exitCode === null && host.signalCode === null) host.kill('SIGKILL');
}

async function within(work: Promise<unknown>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} within ${BOUND_MS} ms` })),
      BOUND_MS,
    );
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
