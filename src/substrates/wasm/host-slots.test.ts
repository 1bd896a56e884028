import { describe, expect, test } from 'vitest';
import { HostSlots, type HostSlotsOptions } from './host-slots.js';
import type { HostSupervisor } from './host-supervisor.js';

/** Supervisors that only say when they are made and closed. */
function slotsOf(options: Partial<HostSlotsOptions> = {}) {
  const events: string[] = [];
  const slots = new HostSlots({
    hostsMax: 1,
    idleMs: 60_000,
    queueWaitMs: 2_000,
    beforeEnd: async () => undefined,
    make: ({ owner }) => {
      events.push(`made ${owner}`);
      const close = async (): Promise<void> => {
        await Promise.resolve();
        events.push(`closed ${owner}`);
      };
      return { runs: true, process: null, close } as unknown as HostSupervisor;
    },
    ...options,
  });
  const lease = (owner: string, signal?: AbortSignal) =>
    slots.lease({ image: null, owner }, signal === undefined ? {} : { signal });
  return { slots, events, lease };
}

describe('leases of hosts', () => {
  test('are given in the order of asking, also where the host of a later one is there', async () => {
    const { slots, events, lease } = slotsOf();
    const first = await lease('a');
    const got: string[] = [];
    const waiting = ['b', 'a', 'c', 'b'].map((owner) =>
      lease(owner).then((one) => {
        got.push(owner);
        one.release();
      }),
    );
    await new Promise((done) => setTimeout(done, 20));
    expect(got).toEqual([]);
    first.release();
    await Promise.all(waiting);
    expect(got).toEqual(['b', 'a', 'c', 'b']);
    expect(events).toEqual([
      'made a',
      ...['a', 'b', 'a', 'c'].flatMap((owner, i) => [`closed ${owner}`, `made ${['b', 'a', 'c', 'b'][i]}`]),
    ]);
    await slots.close();
  });

  test('of one owner are for one host at the same time, and only the last release frees it', async () => {
    const { slots, events, lease } = slotsOf();
    const [one, two] = [await lease('a'), await lease('a')];
    expect(one.supervisor).toBe(two.supervisor);
    const other = lease('b');
    one.release();
    one.release();
    await new Promise((done) => setTimeout(done, 20));
    expect(events).toEqual(['made a']);
    two.release();
    (await other).release();
    expect(events).toEqual(['made a', 'closed a', 'made b']);
    await slots.close();
  });

  test('end the host that was used longest ago', async () => {
    const { slots, events, lease } = slotsOf({ hostsMax: 2 });
    for (const owner of ['a', 'b', 'a']) (await lease(owner)).release();
    (await lease('c')).release();
    expect(events).toEqual(['made a', 'made b', 'closed b', 'made c']);
    await slots.close();
  });

  test('are refused after a bounded wait, with advice, and whoever is behind goes on', async () => {
    const { slots, lease } = slotsOf({ queueWaitMs: 50 });
    const first = await lease('a');
    await expect(lease('b')).rejects.toMatchObject({
      code: 'WAIT_TIMEOUT',
      message: expect.stringContaining('isolateHosts'),
    });
    const again = await lease('a');
    again.release();
    first.release();
    await slots.close();
  });

  test('that nobody wants any more hold up nobody', async () => {
    const { slots, events, lease } = slotsOf();
    const first = await lease('a');
    const gone = new AbortController();
    const refused = expect(lease('b', gone.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const last = lease('c');
    gone.abort();
    await refused;
    first.release();
    (await last).release();
    expect(events).not.toContain('made b');
    await slots.close();
  });

  test('are refused once it is closed, also to those that wait', async () => {
    const { slots, events, lease } = slotsOf();
    await lease('a');
    const waiting = expect(lease('b')).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
    await slots.close();
    await waiting;
    await expect(lease('a')).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
    expect(events).toEqual(['made a', 'closed a']);
  });

  test('keep an idle host for a while only', async () => {
    const { slots, events, lease } = slotsOf({ idleMs: 30 });
    (await lease('a')).release();
    expect(events).toEqual(['made a']);
    await new Promise((done) => setTimeout(done, 100));
    expect(events).toEqual(['made a', 'closed a']);
    await slots.close();
  });
});
