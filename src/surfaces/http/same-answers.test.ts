import { afterEach, describe, expect, it } from 'vitest';
import { openTestRuntime } from '../../../test/support/test-runtime.js';
import { ACTIONS } from '../../actions/table.js';
import { WorldError } from '../../model/world-error.js';
import { daemonTransport } from '../client/daemon-transport.js';
import type { CallOptions, Transport } from '../client/transport.js';
import { inProcessTransport } from '../in-process-transport.js';
import { startRpcServer } from './rpc-server.js';

/**
 * Two runtimes that count the same ids and the same time, one called in this process and one over a connection: every
 * answer must be the same, to the last byte.
 */

const NAMES = Object.keys(ACTIONS);

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

async function bothWays(): Promise<{ embedded: Transport; connected: Transport }> {
  const here = await openTestRuntime();
  const there = await openTestRuntime();
  const server = await startRpcServer({ context: there.context, version: '1', token: 't' });
  const connected = daemonTransport({ url: server.url, token: 't' }, '1');
  closing.push(
    () => here.close(),
    () => there.close(),
    () => server.close(),
    () => connected.close(),
  );
  return { embedded: inProcessTransport(here.context, async () => {}), connected };
}

interface Told {
  readonly heard: unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

async function told(transport: Transport, action: string, input: object): Promise<Told> {
  const heard: unknown[] = [];
  const options: CallOptions = {
    onOutput: (stream, text) => heard.push({ stream, text }),
    onProgress: (progress) => heard.push(progress),
  };
  try {
    return { heard, result: comparable(await transport.call(action, input, options)) };
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WorldError);
    return { heard, error: comparable((thrown as WorldError).toJSON()) };
  }
}

/** As JSON has it; memory of this process is not the runtime's answer. */
function comparable(value: unknown): unknown {
  const plain = JSON.parse(JSON.stringify(value)) as unknown;
  if (typeof plain === 'object' && plain !== null && 'processBytes' in plain)
    return { ...plain, processBytes: 0 };
  return plain;
}

const STORY: readonly (readonly [string, object])[] = [
  ['execute', { code: 'now' }],
  ['create', { name: 'w', seed: '7', metadata: { a: 'b' } }],
  ['deposit', { token: 'GOLD', amount: '10' }],
  ['execute', { code: 'set x 1\nprint hello\nwarn careful\nreport cost 3/2\nget x' }],
  ['execute', { code: 'fail on purpose' }],
  ['execute', { code: 'no statement of this language' }],
  ['snapshot', { name: 's' }],
  ['create', { snapshot: 's', name: 'copy' }],
  ['branch', { world: 'w', count: 2 }],
  ['execute-in-all', { code: 'add x 1\nprint in all\nget x' }],
  ['rewind', { world: 'w/1' }],
  ['push-down', { world: 'w', amounts: { GOLD: '4' } }],
  ['execute', { world: 'w', code: 'now' }],
  [
    'execute-in-all',
    { codes: { nash: 'report cost 2', optimal: 'report cost 3/2' }, code: 'report cost 14/9' },
  ],
  ['pull-up', { world: 'w', oracle: 'least-cost' }],
  ['push-down', { world: 'w' }],
  ['void', { world: 'w' }],
  ['delete', { world: 'copy' }],
  ['show', { world: 'copy' }],
];

describe('a connection gives the answer that the runtime gives', () => {
  it('through one story, and to each action afterwards, whatever it is asked', async () => {
    const { embedded, connected } = await bothWays();
    const inputs = [{}, { world: 'w' }, { world: 'nobody' }, { limit: 2 }, { nonsense: true }];
    const steps = [...STORY, ...NAMES.flatMap((name) => inputs.map((input) => [name, input] as const))];
    const kinds = new Set<string>();
    for (const [action, input] of steps) {
      const [first, second] = [await told(embedded, action, input), await told(connected, action, input)];
      expect(second, `${action} ${JSON.stringify(input)}`).toEqual(first);
      kinds.add(`${action} ${'error' in first ? 'error' : 'result'}`);
    }
    // The comparison means something: what the story calls was answered, and every action was refused something.
    for (const [action] of STORY) expect(kinds).toContain(`${action} result`);
    for (const name of NAMES) expect(kinds).toContain(`${name} error`);
  });

  it.each(['nope', 'constructor', ''])('to the action %j that there is not', async (action) => {
    const { embedded, connected } = await bothWays();
    expect(await told(embedded, action, {})).toMatchObject({ error: { code: 'BAD_INPUT' } });
    expect(await told(connected, action, {})).toMatchObject({ error: { code: 'BAD_INPUT' } });
  });

  it('and a difference would be noticed', async () => {
    const { embedded, connected } = await bothWays();
    await embedded.call('create', { name: 'w' }, {});
    expect(await told(connected, 'list', {})).not.toEqual(await told(embedded, 'list', {}));
  });

  it('with an input that was stopped before it was sent', async () => {
    const { embedded, connected } = await bothWays();
    const options = { signal: AbortSignal.abort() };
    for (const transport of [embedded, connected]) {
      await expect(transport.call('create', {}, options)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    }
  });
});
