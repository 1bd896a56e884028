import { z } from 'zod';
import { CATSHARP, TRIADS } from '../model/triads.js';
import { TriadsView } from '../model/triads-api.js';
import { gf3Sum } from '../model/trit.js';
import { tritRole } from '../model/trit-roles.js';
import { defineAction } from './action.js';

export const triadsAction = defineAction({
  name: 'triads',
  summary: 'the triads of skills that the runtime is part of, each checked to cancel out',
  effect: 'reads',
  input: z.strictObject({}),
  output: TriadsView,
  async run() {
    return {
      triads: TRIADS.map(({ topic, members }) => {
        const sum = gf3Sum(members.map(({ trit }) => trit));
        return {
          topic,
          members: members.map(({ name, trit }) => {
            const { role, color } = tritRole(trit);
            return { name, trit, role, color };
          }),
          gf3Sum: sum,
          balanced: sum === 0,
        };
      }),
      catsharp: { ...CATSHARP },
    };
  },
});
