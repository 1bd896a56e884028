import { randomBytes } from 'node:crypto';
import type { Entropy } from '../ports/entropy.js';

/** The operating system's random numbers. */
export const systemEntropy: Entropy = { u64: () => randomBytes(8).readBigUInt64LE() };
