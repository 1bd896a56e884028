import type { IsolationPart } from '../../../ports/substrate.js';
import { defaultHostCommand, type HostCommand } from '../host-process.js';
import { findSecondWall, type HostSize, requireWall, type SecondWall } from './second-wall.js';

export interface WalledHostOptions {
  /** How to start the host, for tests: no wall is put around it. */
  readonly hostCommand?: HostCommand;
  /** Run guests where no second wall stands. */
  readonly allowWeakIsolation?: boolean;
  /** How the second wall is looked for, for tests. */
  readonly findWall?: () => SecondWall;
}

/** What stands on every machine. */
const FIRST_WALL: readonly IsolationPart[] = [
  { name: 'wasm import allowlist', stands: true, detail: 'host functions that guests may call' },
  { name: 'executor process', stands: true, detail: 'no environment, no data directory' },
];

/** The executor host behind what stands here, which is found out at the first use. */
export class WalledHost {
  readonly #options: WalledHostOptions;
  readonly #size: HostSize;
  #found: SecondWall | null = null;

  constructor(options: WalledHostOptions, size: HostSize) {
    this.#options = options;
    this.#size = size;
  }

  get isolation(): readonly IsolationPart[] {
    return [...FIRST_WALL, ...this.#wall().parts];
  }

  /** @throws ISOLATION_MISSING */
  command(): HostCommand {
    const { hostCommand, allowWeakIsolation = false } = this.#options;
    if (hostCommand !== undefined) return hostCommand;
    const wall = this.#wall();
    if (wall.enclose !== null) return wall.enclose(defaultHostCommand(), this.#size);
    return allowWeakIsolation ? defaultHostCommand() : requireWall(wall);
  }

  #wall(): SecondWall {
    this.#found ??= (this.#options.findWall ?? findSecondWall)();
    return this.#found;
  }
}
