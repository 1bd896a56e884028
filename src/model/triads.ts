import { TRIAD_ROLES, type TritValue, tritRole } from './trit-roles.js';

/** One of three that stand together. */
export interface TriadMember {
  readonly name: string;
  readonly trit: TritValue;
}

/** Three skills whose trits cancel out, and what they have in common. */
export interface Triad {
  readonly topic: string;
  readonly members: readonly [TriadMember, TriadMember, TriadMember];
}

const RUNTIME = 'world-runtime';

/** With the runtime as the generator. Source: the description that this product was built from. */
export const TRIADS: readonly Triad[] = [
  triad('core', 'ramanujan-expander', 'world-extractable-value'),
  triad('branching', 'three-match', 'world-hopping'),
  triad('cobordism', 'polyglot-spi', 'mdm-cobordism'),
  triad('tracing', 'shadow-goblin', 'chromatic-walk'),
  triad('state', 'temporal-coalgebra', 'acsets'),
];

/**
 * The runtime as a bicomodule in the equipment Cat#. There its trit is another than in its triads: both are kept, and only
 * those of triads have to cancel out.
 */
export const CATSHARP = {
  trit: 0,
  home: 'Prof',
  polyOp: '⊗',
  kanRole: 'Adj',
  color: tritRole(0).color,
} as const;

function triad(topic: string, validator: string, coordinator: string): Triad {
  const [minus, ergodic, plus] = TRIAD_ROLES;
  return {
    topic,
    members: [
      { name: validator, trit: minus.trit },
      { name: coordinator, trit: ergodic.trit },
      { name: RUNTIME, trit: plus.trit },
    ],
  };
}
