import { Rational } from '../../../model/rational.js';
import { measuresOf, section, signed } from '../demo/demo-text.js';
import { exactOrReason, numberText } from '../format/cells.js';
import type { Paint } from '../format/paint.js';
import { fields, table } from '../format/table.js';
import type { Bounds, WevReport } from './wev-report.js';

/** What a finished game came to, as text for people. */
export function wevText(report: WevReport, paint: Paint): string {
  const { drivers, bounds, winner } = report;
  const rows = report.verses.map(({ name, trit, probability, cost }) => [
    name,
    signed(trit),
    probability,
    name === winner ? paint.good('won') : paint.dim('lost'),
    exactOrReason(cost, null),
  ]);
  const columns = [
    { title: 'VERSE' },
    { title: 'TRIT', right: true },
    { title: 'PROBABILITY', right: true },
    { title: 'END' },
    { title: 'COST' },
  ];
  const losing = Object.entries(report.wev.losingBalances).map(([token, amount]) => `${amount} ${token}`);
  return [
    section(paint, report.title, table(paint, columns, rows)),
    section(
      paint,
      'World extractable value',
      measuresOf(report, paint, [
        ['losing balances', losing.join(', ') || 'none: nothing was staked'],
        ['at random', drivers === null ? 'infinitely many drivers' : `${drivers} drivers, expected exactly`],
      ]),
    ),
    ...(bounds === null
      ? []
      : [section(paint, 'The optimum is no fraction: bounds', boundsText(bounds, paint))]),
  ].join('\n');
}

function boundsText({ optimum, wev, wevValue }: NonNullable<WevReport['bounds']>, paint: Paint): string {
  return fields(paint, [
    ['optimum', between(optimum)],
    ['wev', between(wev)],
    ['value', between(wevValue)],
  ]);
}

/** The digits that are certain, and how far apart the bounds are. */
function between({ lower, upper }: Bounds): string {
  const [low, high] = [Rational.parse(lower), Rational.parse(upper)];
  const apart = Rational.toNumber(Rational.sub(high, low));
  return `${Rational.toNumber(low).toFixed(12)} (at most ${numberText(apart)} more)`;
}
