import type { Attack } from './attack.js';
import { BOMBS } from './bombs.js';
import { BRIDGE } from './bridge.js';
import { BYTECODE } from './bytecode.js';
import { EFFECTS } from './effects.js';
import { EXCEPTIONS } from './exceptions.js';
import { FILES } from './files.js';
import { FRAMES } from './frames.js';
import { INPUTS, TIMING } from './inputs.js';
import { interrupts } from './interrupts.js';
import { MODULES } from './modules.js';
import { ROLLBACK } from './rollback.js';
import { SYSTEM_CALLS } from './system-calls.js';

/** Every attempt. The seed decides when interrupts come. */
export function corpus(seed: number): Attack[] {
  return [
    ...[
      BRIDGE,
      MODULES,
      BYTECODE,
      FILES,
      SYSTEM_CALLS,
      FRAMES,
      EFFECTS,
      BOMBS,
      INPUTS,
      TIMING,
      ROLLBACK,
      EXCEPTIONS,
    ].flat(),
    ...interrupts(seed),
  ];
}
