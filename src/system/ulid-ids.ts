import { monotonicFactory } from 'ulid';
import { ID_PREFIXES, type IdKind, type IdTypes } from '../model/ids.js';
import type { Clock } from '../ports/clock.js';
import type { Ids } from '../ports/ids.js';

/** Ids that sort by time: a ULID behind the kind's prefix. */
export function ulidIds(clock: Clock): Ids {
  const ulid = monotonicFactory();
  return {
    next: <K extends IdKind>(kind: K) => {
      const id = `${ID_PREFIXES[kind]}${ulid(Number(clock.nowNs() / 1_000_000n))}`;
      return id as IdTypes[K];
    },
  };
}
