/** The values of a trit. This module needs no schema, so that a command can name roles without loading one. */
export type TritValue = -1 | 0 | 1;

/** What a trit stands for: the role's name and its colour, as `#RRGGBB`. */
export interface TritRole {
  readonly trit: TritValue;
  readonly role: 'validator' | 'coordinator' | 'generator';
  readonly color: string;
}

/** The three roles, in the order of a full triad. */
export const TRIAD_ROLES: readonly [TritRole, TritRole, TritRole] = [
  { trit: -1, role: 'validator', color: '#2626D8' },
  { trit: 0, role: 'coordinator', color: '#26D826' },
  { trit: 1, role: 'generator', color: '#D82626' },
];

/** Role and colour of one trit. */
export function tritRole(trit: TritValue): TritRole {
  switch (trit) {
    case -1:
      return TRIAD_ROLES[0];
    case 0:
      return TRIAD_ROLES[1];
    case 1:
      return TRIAD_ROLES[2];
  }
}
