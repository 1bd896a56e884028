export const SUBSTRATE_NAMES = ['wasm', 'simulated', 'firecracker', 'qemu', 'morph'] as const;
export type SubstrateName = (typeof SUBSTRATE_NAMES)[number];

/** An immutable point in a world's life, as the substrate holds it. Valid until `discard` or process end. */
export interface StateRef {
  readonly substrate: SubstrateName;
  /** Unique within the substrate instance. */
  readonly key: string;
  /** Names its content: equal states have equal roots. Null when the substrate does not know, or has none. */
  readonly root: string | null;
}
