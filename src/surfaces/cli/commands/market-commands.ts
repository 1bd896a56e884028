import { type ActionCommand, actionCommand, option } from '../action-command.js';
import { closedMarketText, marketText, quoteText, tradeText } from '../format/markets.js';
import { given } from '../given-fields.js';

/** Commands on the market of a push-down's outcomes. */

interface Where {
  condition?: string;
}

interface Trade extends Where {
  as: string;
  limit?: string;
}

const CONDITION = '--condition <id>';
const conditionOption = () => option(CONDITION, 'a condition instead of a world that was pushed down');
const where = { world: '--world', condition: '--condition' } as const;
const worldOption = () =>
  option('--world <world>', 'the world that was pushed down (default: the current one)');
const TRADE = [
  ['<outcome>', 'what to trade'],
  ['<shares>', 'how many; each pays 1 base unit if the outcome wins'],
] as const;

const open = actionCommand({
  action: 'market-open',
  name: 'open',
  group: 'market',
  arguments: [
    ['<token>', 'what is paid with'],
    ['<liquidity>', 'base units; the more, the less a trade moves the prices'],
  ],
  options: [
    option(
      '--funder <world>',
      'whose account pays the subsidy: liquidity times ln(outcomes)',
    ).makeOptionMandatory(),
    worldOption(),
    conditionOption(),
  ],
  fields: { ...where, funder: '--funder', token: 'token', liquidity: 'liquidity' },
  progress: 'Opening',
  examples: [
    [
      'wr market open USD 1000 --funder bank --world market',
      'outcomes of a push-down; 1,099 USD of three can be lost',
    ],
  ],
  input: ([token = '', liquidity = ''], options: Where & { world?: string; funder: string }) => ({
    ...given({ world: options.world, condition: options.condition }),
    funder: options.funder,
    token,
    liquidity,
  }),
  show: (market, screen) => screen.out(marketText(screen.paint, market)),
});

const quote = actionCommand({
  action: 'market-quote',
  name: 'quote',
  group: 'market',
  arguments: [
    ['[outcome]', 'what to trade; left out: the prices alone'],
    ['[shares]', 'how many'],
  ],
  options: [option('--sell', 'as a seller'), worldOption(), conditionOption()],
  fields: { ...where, side: '--sell', outcome: 'outcome', shares: 'shares' },
  progress: 'Asking',
  examples: [
    ['wr market quote', 'what the market takes for the probabilities'],
    ['wr market quote optimal 100', 'what 100 would cost, and the prices then'],
    ['wr market quote optimal 100 --sell', 'what 100 would bring'],
  ],
  input: ([outcome, shares], options: Where & { world?: string; sell?: boolean }) =>
    given({
      world: options.world,
      condition: options.condition,
      outcome,
      shares,
      side: outcome === undefined && !options.sell ? undefined : options.sell ? 'sell' : 'buy',
    } as const),
  show: (quoted, screen) => screen.out(quoteText(screen.paint, quoted)),
});

const buy = actionCommand({
  action: 'market-buy',
  name: 'buy',
  group: 'market',
  arguments: TRADE,
  options: [
    option('--as <world>', 'whose account trades').makeOptionMandatory(),
    option('--limit <amount>', 'pay no more than this; without it, whatever it costs'),
    worldOption(),
    conditionOption(),
  ],
  fields: { ...where, trader: '--as', outcome: 'outcome', shares: 'shares', limit: '--limit' },
  progress: 'Buying',
  examples: [['wr market buy optimal 100 --as alice --limit 60', '100 of an outcome for at most 60']],
  input: (args, options: Trade & { world?: string }) => tradeOf(args, options),
  show: (done, screen) => screen.out(tradeText(screen.paint, done)),
});

const sell = actionCommand({
  action: 'market-sell',
  name: 'sell',
  group: 'market',
  arguments: TRADE,
  options: [
    option('--as <world>', 'whose account trades').makeOptionMandatory(),
    option('--limit <amount>', 'take no less than this; without it, whatever it brings'),
    worldOption(),
    conditionOption(),
  ],
  fields: { ...where, trader: '--as', outcome: 'outcome', shares: 'shares', limit: '--limit' },
  progress: 'Selling',
  examples: [['wr market sell optimal 100 --as alice --limit 50', '100 of an outcome for at least 50']],
  input: (args, options: Trade & { world?: string }) => tradeOf(args, options),
  show: (done, screen) => screen.out(tradeText(screen.paint, done)),
});

function tradeOf([outcome = '', shares = '']: readonly string[], options: Trade & { world?: string }) {
  const optional = given({ world: options.world, condition: options.condition, limit: options.limit });
  return { ...optional, trader: options.as, outcome, shares };
}

const close = actionCommand({
  action: 'market-close',
  name: 'close',
  group: 'market',
  arguments: [['<condition>', 'the settled condition; wr market open named it']],
  fields: {
    world: { absent: 'a settled push-down is known by its condition alone' },
    condition: 'condition',
  },
  progress: 'Closing',
  examples: [
    ['wr market close cnd_01JD0000000000000000000000', 'the funder gets what is left of the subsidy'],
  ],
  input: ([condition]) => given({ condition }),
  show: (closed, screen) => screen.out(closedMarketText(closed)),
});

export const MARKET_COMMANDS: readonly ActionCommand[] = [open, quote, buy, sell, close];
