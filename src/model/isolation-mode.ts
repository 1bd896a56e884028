/** Whose code an executor host may run in its life: everybody's, that of one tenant, or that of one world. */
export const ISOLATION_MODES = ['none', 'tenant', 'world'] as const;
export type IsolationMode = (typeof ISOLATION_MODES)[number];

/** Of worlds that were made without one. */
export const TENANT_DEFAULT = 'default';

export function isIsolationMode(value: unknown): value is IsolationMode {
  return ISOLATION_MODES.some((mode) => mode === value);
}
