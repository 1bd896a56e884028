import { z } from 'zod';
import { CATSHARP, gf3Of, TRIADS } from '../model/triads.js';
import { TriadsView } from '../model/triads-api.js';
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
      triads: TRIADS.map(({ topic, members }) => ({
        topic,
        members: members.map(({ name, trit }) => {
          const { role, color } = tritRole(trit);
          return { name, trit, role, color };
        }),
        gf3Sum: gf3Of(members),
        balanced: gf3Of(members) === 0,
      })),
      catsharp: { ...CATSHARP },
    };
  },
});
