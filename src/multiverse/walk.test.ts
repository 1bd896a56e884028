import { describe, expect, it } from 'vitest';
import { streamAt } from '../model/split-mix.js';
import type { WalkStep } from '../model/walk-api.js';
import {
  colourOf,
  firstSeeds,
  nextSeeds,
  nextTurn,
  nextTurnSeed,
  type ProposedStep,
  seedsOfTurn,
  seedText,
  WALK_AGENTS,
  WALK_GENESIS,
  walkRoots,
  whyRejected,
} from './walk.js';

const FIRST: WalkStep = {
  step: 1,
  genesis: '0x000000000000042d',
  turn: 0,
  seed: '0x000000000000042d',
  colour: '#5e2f51',
  trits: [1, 0, -1],
};

describe('the seeds of a walk', () => {
  // Worked out in Python from the rule.
  it.each([
    [
      1069n,
      [0x42dn, 0x9e3779b97f4a7838n, 0x3c6ef372fe94fc07n],
      [0x9e68213bcc3af878n, 0x9e68213bcc3af878n, 0xc08c9312dbd38d8cn],
      [0x23369d122fd933c5n, 0x3d7ecb1c1c0e6b8n, 0xaf43230b6f5e8b6fn],
    ],
    [
      0x598f318e2b9e884n,
      [0x598f318e2b9e884n, 0x9baf8aa19df39491n, 0x39f6006a1c2d10aen],
      [0xbdd78b03361011c9n, 0xbdd78b03361011c9n, 0x2c97ddb15b7325ddn],
      [0xec380f76ce8f2ffcn, 0xb6c18e854489a741n, 0x543563ce75546b06n],
    ],
    [
      2n ** 64n - 1n,
      [0xffffffffffffffffn, 0x61c8864680b583ean, 0xc3910c8d016b07d5n],
      [0x6a33a6ce7694a61an, 0x6a33a6ce7694a61an, 0x50cd947755106cen],
      [0xe70924915476ffd7n, 0x4eb008e771294acan, 0xc27b5b37be3250bdn],
    ],
  ])('of genesis %s are the same in Python', (genesis, ...turns) => {
    for (const [turn, seeds] of turns.entries()) {
      const { generator, coordinator, validator } = seedsOfTurn(genesis, turn);
      expect([generator, coordinator, validator]).toEqual(seeds);
    }
  });

  it('stay within 64 bits, and never two of one agent become one', () => {
    expect(firstSeeds(2n ** 64n + 5n)).toEqual(firstSeeds(5n));
    let seeds = firstSeeds(WALK_GENESIS);
    const seen = new Set<bigint>();
    for (let turn = 0; turn < 1000; turn += 1) {
      for (const seed of Object.values(seeds)) expect(seed >= 0n && seed < 2n ** 64n).toBe(true);
      seen.add(seeds.generator);
      seeds = nextSeeds(seeds);
    }
    expect(seen.size).toBe(1000);
    expect(seeds).toEqual(seedsOfTurn(WALK_GENESIS, 1000));
    expect(nextTurnSeed(0n, 0)).toBe(0n);
  });

  it('are written with all their digits', () => {
    expect([seedText(1069n), seedText(2n ** 64n - 1n)]).toEqual(['0x000000000000042d', '0xffffffffffffffff']);
  });

  it('go to three agents whose trits conserve', () => {
    expect(WALK_AGENTS.map(({ agent, trit, verse }) => `${agent} ${trit} ${verse}`)).toEqual([
      'generator 1 chaos',
      'coordinator 0 optimal',
      'validator -1 nash',
    ]);
  });
});

describe('a colour', () => {
  it('is the upper 24 bits of a number of the stream', () => {
    const seed = 0x598f318e2b9e884n;
    expect([0, 5, 9].map((index) => colourOf(streamAt(seed, index)))).toEqual([
      '#f061eb',
      '#b5222c',
      '#d726fc',
    ]);
    expect([colourOf(0n), colourOf(1n << 40n)]).toEqual(['#000000', '#000001']);
  });
});

describe('the root of a walk', () => {
  it('is what Python works out, and names every walk that it went on from', () => {
    expect(walkRoots([FIRST])).toEqual([
      '669853d2ed292686f7331fd37bbfc087e77d8b034333f6444bbb5ab063703370',
      '204bb95a128af9787ddd6118a7ba64b97a6a9dca506f1996bf3c56370b1a55df',
    ]);
    const second = { ...FIRST, step: 2, turn: 3 };
    expect(walkRoots([FIRST, second]).slice(0, 2)).toEqual(walkRoots([FIRST]));
  });

  it('is another one as soon as anything in it is', () => {
    const others: WalkStep[] = [
      FIRST,
      { ...FIRST, step: 2 },
      { ...FIRST, turn: 1 },
      { ...FIRST, colour: '#5e2f52' },
      { ...FIRST, trits: [0, 0, 0] },
      { ...FIRST, genesis: '0x000000000000042e' },
    ];
    expect(new Set(others.flatMap((step) => walkRoots([step]))).size).toBe(others.length + 1);
    const backwards = Object.fromEntries(Object.entries(FIRST).reverse()) as WalkStep;
    expect(walkRoots([backwards])).toEqual(walkRoots([FIRST]));
  });
});

describe('the next turn', () => {
  it('follows the last one of the same genesis', () => {
    const steps = [FIRST, { ...FIRST, step: 2, turn: 4 }, { ...FIRST, genesis: seedText(7n), turn: 9 }];
    expect([nextTurn([], 7n), nextTurn(steps, 1069n), nextTurn(steps, 7n), nextTurn(steps, 8n)]).toEqual([
      0, 5, 10, 0,
    ]);
  });
});

describe('a proposed step', () => {
  const fine: ProposedStep = { trits: [1, 0, -1], step: FIRST, roots: ['new', 'state'], verdict: true };

  it('is taken when the validator agrees, the trits conserve and nobody was there', () => {
    expect(whyRejected(fine, new Set(['old']))).toBeNull();
    expect(
      whyRejected({ ...fine, trits: [1, 1, 1], step: { ...FIRST, trits: [-1, -1, -1] } }, new Set()),
    ).toBe(null);
  });

  it.each<[string, Partial<ProposedStep>, RegExp]>([
    ['leads to where the walk was', { roots: ['new', 'old'] }, /^revisits the state with root old$/],
    ['has worlds whose trits do not conserve', { trits: [1, 1, -1] }, /\+1, \+1, -1.*sum is 1 mod 3/],
    ['says trits that do not conserve', { step: { ...FIRST, trits: [1, 0, 1] } }, /of the step.*is 2 mod 3/],
    ['does not please the validator', { verdict: 'no' }, /^the validator disagrees: no$/],
  ])('is rejected when it %s', (_what, change, why) => {
    expect(whyRejected({ ...fine, ...change }, new Set(['old']))).toMatch(why);
  });
});
