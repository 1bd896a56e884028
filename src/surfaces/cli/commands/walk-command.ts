import type { WalkInput } from '../../../model/walk-api.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { walkText } from '../format/walk.js';
import { given } from '../given-fields.js';
import { parseCount, parseDuration } from '../parse-options.js';
import { readCode } from '../read-code.js';

interface WalkOptions {
  steps?: number;
  seed?: string;
  attempts?: number;
  generator?: string;
  coordinator?: string;
  validator?: string;
  timeout?: number;
}

const walk = actionCommand({
  action: 'walk',
  arguments: [WORLD_ARGUMENT],
  options: [
    option('--steps <n>', 'steps to take (default: 3)', parseCount('--steps')),
    option('--seed <n>', "genesis, decimal or 0x hex (default: that of the world's last step, else 1069)"),
    option(
      '--attempts <n>',
      'proposals for one step before the walk gives up (default: 8)',
      parseCount('--attempts'),
    ),
    option('--generator <path>', 'Python file that defines propose(given) (default: built in)'),
    option(
      '--coordinator <path>',
      'Python file that defines formalise(given) and appends its step to the list walk (default: built in)',
    ),
    option(
      '--validator <path>',
      'Python file that defines verify(given): True, or why not (default: built in)',
    ),
    option('--timeout <time>', "bound of the work of one agent (default: the world's limit)", parseDuration),
  ],
  fields: {
    world: 'world',
    steps: '--steps',
    seed: '--seed',
    attempts: '--attempts',
    generator: '--generator',
    coordinator: '--coordinator',
    validator: '--validator',
    timeoutMs: '--timeout',
  },
  progress: 'Walking',
  examples: [
    ['wr walk market --steps 5', 'five steps; exit code 1 when too many proposals were rejected'],
    ['wr walk market --steps 3 --seed 42', 'the walk of another genesis'],
    ['wr walk market --validator strict.py', 'with a validator of your own'],
  ],
  async input([world], options: WalkOptions): Promise<WalkInput> {
    const { steps, seed, attempts, timeout } = options;
    const [generator, coordinator, validator] = await Promise.all(
      [options.generator, options.coordinator, options.validator].map(async (path) =>
        path === undefined ? undefined : readCode(path),
      ),
    );
    return given({
      world,
      steps,
      seed,
      attempts,
      generator,
      coordinator,
      validator,
      timeoutMs: timeout,
    });
  },
  show: (view, screen) => screen.out(walkText(screen.paint, view)),
  exitCode: ({ complete }) => (complete ? 0 : 1),
});

export const WALK_COMMANDS: readonly ActionCommand[] = [walk];
