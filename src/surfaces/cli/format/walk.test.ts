import { expect, it } from 'vitest';
import type { WalkTurn, WalkView } from '../../../model/walk-api.js';
import { paintFor } from './paint.js';
import { walkText } from './walk.js';

const ACCEPTED: WalkTurn = {
  step: 1,
  turn: 0,
  seed: '0x000000000000042d',
  colour: '#5e2f51',
  trits: [1, 0, -1],
  gf3Sum: 0,
  accepted: true,
  reason: null,
  walkRoot: 'a'.repeat(64),
  stateRoot: null,
  state: 'stt_1',
};
const RAISED: WalkTurn = {
  ...ACCEPTED,
  step: 2,
  turn: 1,
  colour: null,
  trits: [],
  accepted: false,
  reason: 'the generator raised ValueError: no\u001b[31m',
  walkRoot: null,
};
const VIEW: WalkView = {
  worldId: 'wld_1',
  world: 'w',
  genesis: '0x000000000000042d',
  wanted: 2,
  accepted: 1,
  complete: false,
  turns: [ACCEPTED, RAISED],
  length: 1,
  walkRoot: 'a'.repeat(64),
  state: 'stt_1',
};

it('a walk is a table of its turns, with why each was rejected, and where it stands', () => {
  const [header, first, second, , short, stands] = walkText(paintFor(false), VIEW).split('\n');
  expect(header).toMatch(/^STEP +SEED +COLOUR +TRITS +SUM +RESULT +WALK ROOT +STATE ROOT$/);
  expect(first).toMatch(/^ +1 +0x000000000000042d +#5e2f51 +\+1 0 -1 +0 +accepted +a{16} +-$/);
  expect(second).toMatch(
    /^ +2 +0x000000000000042d +- +- +0 +the generator raised ValueError: no\?\[31m +- +-$/,
  );
  expect(short).toMatch(/^Only 1 of 2 steps/);
  expect(stands).toBe(
    'World w stands at step 1 of its walk (genesis 0x000000000000042d), walk root aaaaaaaaaaaaaaaa',
  );
  expect(walkText(paintFor(false), { ...VIEW, complete: true })).not.toContain('Only');
});

it('a terminal shows each colour', () => {
  expect(walkText(paintFor(true), VIEW)).toContain('\u001b[48;2;94;47;81m  \u001b[49m #5e2f51');
});
