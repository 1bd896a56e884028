import { expect, test } from 'vitest';
import { GuestInputs } from './guest-inputs.js';
import { HostChannel } from './host-channel.js';

function channel(balances: Record<string, string> = {}): HostChannel {
  const made = new HostChannel(new GuestInputs());
  made.begin(balances);
  return made;
}

test('requests that no guest module would send are refused, not obeyed', () => {
  const host = channel({ GOLD: '5' });
  const requests: unknown[] = [
    null,
    7,
    [],
    {},
    { op: 'exec' },
    { op: 'sleep', ns: -1 },
    { op: 'sleep', ns: '-1' },
    { op: 'sleep', ns: '9'.repeat(30) },
    { op: 'report', cost: '-1' },
    { op: 'report', cost: '1.5' },
    { op: 'report', cost: 3 },
    { op: 'report', value: 'NaN' },
    { op: 'transfer', to: '', token: 'GOLD', amount: '1' },
    { op: 'transfer', to: 'ada', token: 'GOLD', amount: '0' },
    { op: 'transfer', to: 'ada', token: 'GOLD', amount: '-1' },
    { op: 'transfer', to: 'ada', token: 'GOLD', amount: '1e3' },
    { op: 'transfer', to: 'ada', token: 'SILVER', amount: '1' },
  ];
  for (const request of requests)
    expect(host.answer(request), JSON.stringify(request)).toHaveProperty('error');
  expect(host.effects).toEqual([]);
});

test('transfers are taken from what the execution may spend', () => {
  const host = channel({ GOLD: '5' });
  const give = (amount: string) => host.answer({ op: 'transfer', to: 'ada', token: 'GOLD', amount });
  expect(give('3')).toEqual({ ok: null });
  expect(host.answer({ op: 'balance', token: 'GOLD' })).toEqual({ ok: '2' });
  expect(give('3')).toMatchObject({ error: 'InsufficientBalance' });
  expect(give('2')).toEqual({ ok: null });
  expect(host.effects).toHaveLength(2);
  host.begin({});
  expect(host.effects).toEqual([]);
  expect(host.answer({ op: 'tokens' })).toEqual({ ok: [] });
});

test('the number of effects is bounded', () => {
  const host = channel();
  for (let i = 0; i < 100_000; i++) host.answer({ op: 'report', cost: '1' });
  expect(host.answer({ op: 'report', cost: '1' })).toMatchObject({ error: 'RuntimeError' });
});

test('effects are bounded together before they are kept, and the next execution may have as many again', () => {
  const host = channel();
  const report = { op: 'report', cost: '9'.repeat(1_000_000) };
  const answers = Array.from({ length: 12 }, () => host.answer(report));
  expect(answers.filter((answer) => 'ok' in answer)).toHaveLength(8);
  expect(host.effects).toHaveLength(8);
  expect(answers.at(-1)).toMatchObject({ error: 'RuntimeError' });
  host.begin({});
  expect(host.answer(report)).toEqual({ ok: null });
});

test('what a request is called must be text: nothing of it is turned into text by itself', () => {
  const host = channel({ GOLD: '5' });
  const hostile = { toString: 1 };
  expect(host.answer({ op: hostile })).toMatchObject({ error: 'ValueError' });
  expect(host.answer({ op: 'balance', token: hostile })).toEqual({ ok: '0' });
});
