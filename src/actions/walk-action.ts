import { WALK_ATTEMPTS_DEFAULT, WALK_STEPS_DEFAULT, WalkInput, WalkView } from '../model/walk-api.js';
import { seedText } from '../multiverse/index.js';
import { findWorld } from '../runtime/find-world.js';
import { walk } from '../runtime/walk.js';
import { pythonPrograms } from '../runtime/walk-programs.js';
import { defineAction, given, waitOf } from './action.js';
import { seedOf } from './seed-of.js';

export const walkAction = defineAction({
  name: 'walk',
  summary:
    'take steps of the chromatic walk: three agents in three verses propose, formalise and verify each',
  effect: 'changes',
  input: WalkInput,
  output: WalkView,
  async run(context, input, call) {
    const world = findWorld(context, input.world);
    const steps = input.steps ?? WALK_STEPS_DEFAULT;
    const walked = await walk(
      context,
      world,
      {
        steps,
        attempts: input.attempts ?? WALK_ATTEMPTS_DEFAULT,
        ...given('genesis', input.seed === undefined ? undefined : seedOf(input.seed)),
        programs: pythonPrograms({
          ...given('generator', input.generator),
          ...given('coordinator', input.coordinator),
          ...given('validator', input.validator),
        }),
        ...given('timeoutMs', input.timeoutMs),
        onTurn: ({ step, colour, reason }, accepted) => {
          const what = reason === null ? `step ${step}: ${colour}` : `step ${step} rejected: ${reason}`;
          call.onProgress?.({ done: accepted, total: steps, what });
        },
      },
      waitOf(call),
    );
    const { genesis, accepted, complete, turns, length, walkRoot } = walked;
    return {
      worldId: world.id,
      world: world.name,
      genesis: seedText(genesis),
      wanted: steps,
      accepted,
      complete,
      turns: [...turns],
      length,
      walkRoot,
      state: world.head,
    };
  },
});
