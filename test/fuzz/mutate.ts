import type { Random } from '../simulation/random.js';

/** Numbers at which lengths and counts go wrong. */
const EDGES = [0, 1, 7, 8, 127, 128, 255, 256, 4095, 4096, 65_535, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Some bytes are others, more, or fewer. Never the same as before. */
export function mutated(random: Random, bytes: Uint8Array): Buffer {
  const before = Buffer.from(bytes);
  for (;;) {
    let after: Buffer = Buffer.from(before);
    for (let n = 1 + random.below(3); n > 0; n -= 1) after = mutateOnce(random, after);
    if (!after.equals(before)) return after;
  }
}

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return Buffer.from([random.below(256)]);
  const at = random.below(bytes.length);
  const length = Math.min(1 + random.below(random.onceIn(4) ? 512 : 8), bytes.length - at);
  switch (random.below(8)) {
    case 0:
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 2:
      bytes[at] = random.below(256);
      return bytes;
    case 3:
      if (at + 4 <= bytes.length) bytes.writeUInt32LE(random.pick(EDGES), at);
      return bytes;
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 5:
      return Buffer.concat([
        bytes.subarray(0, at + length),
        bytes.subarray(at, at + length),
        bytes.subarray(at + length),
      ]);
    case 6:
      return Buffer.from(bytes.subarray(0, at));
    default: {
      const other = random.below(bytes.length);
      bytes.copyWithin(at, other, other + length);
      return bytes;
    }
  }
}

/** A value like this one with one part of it changed: a field gone, added, or of another type or size. */
export function mutatedValue(random: Random, value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0 || random.onceIn(4)) return [...value, anyValue(random)];
    const at = random.below(value.length);
    return value.map((one: unknown, index) => (index === at ? mutatedValue(random, one) : one));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0 || random.onceIn(6)) return { ...value, [random.pick(NAMES)]: anyValue(random) };
    const at = random.below(entries.length);
    if (random.onceIn(6)) return Object.fromEntries(entries.filter((_, index) => index !== at));
    return Object.fromEntries(
      entries.map(([name, one], index) => [name, index === at ? mutatedValue(random, one) : one]),
    );
  }
  return anyValue(random);
}

const NAMES = ['type', 'run', 'request', 'extra', 'constructor', 'toString', 'length'];

function anyValue(random: Random): unknown {
  return random.pick<unknown>([
    null,
    true,
    -1,
    0,
    1.5,
    2 ** 31,
    Number.MAX_SAFE_INTEGER,
    1e308,
    '',
    'x',
    '/../etc',
    'a'.repeat(70_000),
    [],
    [0],
    {},
    { type: 'ready' },
    random.below(1000),
  ]);
}
