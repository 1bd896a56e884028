import type { BudgetView } from '../../../model/budget-api.js';
import { type ActionCommand, actionCommand, option, WORLD_ARGUMENT } from '../action-command.js';
import { numberText } from '../format/cells.js';
import { given } from '../given-fields.js';
import { parseDuration } from '../parse-options.js';

const budget = actionCommand({
  action: 'budget',
  arguments: [WORLD_ARGUMENT],
  options: [option('--add <time>', 'run time to add, such as 90s or 10m').argParser(parseDuration)],
  fields: { world: 'world', addMs: '--add' },
  progress: 'Counting',
  examples: [
    ['wr budget market --add 60s', 'market and all that branches from it may run a minute more, together'],
    ['wr budget market', 'what is left'],
  ],
  input: ([world], { add }: { add?: number }) => given({ world, addMs: add }),
  show: (view, screen) => screen.out(budgetText(view)),
});

function budgetText({ world, payer, left, leftSeconds }: BudgetView): string {
  if (payer === null || leftSeconds === null) {
    return `World ${world} has no budget: it runs as long as its limits allow. Give it one: wr budget ${world} --add 60s\n`;
  }
  const whose = payer === world ? `World ${world} has` : `World ${world} draws on ${payer}, which has`;
  return `${whose} ${numberText(leftSeconds)} s left (${left} COMPUTE).\n`;
}

export const BUDGET_COMMANDS: readonly ActionCommand[] = [budget];
