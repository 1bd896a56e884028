import { describe, expect, it } from 'vitest';
import { CATSHARP, TRIADS, type TriadMember } from './triads.js';
import { gf3Sum } from './trit.js';

const sumOf = (members: readonly TriadMember[]) => gf3Sum(members.map(({ trit }) => trit));

describe('triads', () => {
  it('are five, of different skills, with the runtime as the generator, and cancel out', () => {
    expect(TRIADS.map(({ topic }) => topic)).toEqual(['core', 'branching', 'cobordism', 'tracing', 'state']);
    for (const { topic, members } of TRIADS) {
      expect(
        members.map(({ trit }) => trit),
        topic,
      ).toEqual([-1, 0, 1]);
      expect(members[2].name).toBe('world-runtime');
      expect(sumOf(members), topic).toBe(0);
    }
    const others = TRIADS.flatMap(({ members }) => members.slice(0, 2).map(({ name }) => name));
    expect(new Set(others).size).toBe(10);
  });

  it('that do not cancel out are noticed', () => {
    const [{ members }] = TRIADS as [(typeof TRIADS)[number]];
    expect(sumOf([members[0], members[1], { ...members[2], trit: 0 }])).toBe(2);
    expect(sumOf([members[0], members[1]])).toBe(2);
    expect(sumOf([members[2]])).toBe(1);
  });

  it('leave the place in Cat# alone', () => {
    expect(CATSHARP).toEqual({ trit: 0, home: 'Prof', polyOp: '⊗', kanRole: 'Adj', color: '#26D826' });
  });
});
