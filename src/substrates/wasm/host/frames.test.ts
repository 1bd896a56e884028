import { describe, expect, test } from 'vitest';
import { encodeFrame, FRAME_BYTES_MAX, FRAME_JSON_BYTES_MAX, FrameDecoder, FrameError } from './frames.js';

const SEED = Number(process.env['SEED'] ?? 20_260_101);

/** Mulberry32: enough for choosing test cases. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function header(length: number, jsonLength: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(length, 0);
  bytes.writeUInt32LE(jsonLength, 4);
  return bytes;
}

describe('frames', () => {
  test(`any split of a stream gives the same frames (seed ${SEED})`, () => {
    const random = randomFrom(SEED);
    for (let round = 0; round < 100; round++) {
      const sent = Array.from({ length: 1 + random(6) }, (_, i) => ({
        message: { i, text: 'ä€𝄞'.repeat(random(50)) },
        binary: Buffer.from(Array.from({ length: random(2) * random(3000) }, () => random(256))),
      }));
      const stream = Buffer.concat(sent.flatMap(({ message, binary }) => encodeFrame(message, binary)));
      const decoder = new FrameDecoder();
      const received = [];
      for (let at = 0; at < stream.length; ) {
        const end = Math.min(stream.length, at + 1 + random(round % 2 === 0 ? 9 : 4000));
        received.push(...decoder.push(stream.subarray(at, end)));
        at = end;
      }
      expect(decoder.bufferedBytes).toBe(0);
      expect(received.map(({ message, binary }) => ({ message, binary: Buffer.from(binary) }))).toEqual(sent);
    }
  });

  test.each([
    ['a length over the limit', header(FRAME_BYTES_MAX + 1, 2)],
    ['the largest length there is', header(0xffff_ffff, 2)],
    ['JSON longer than the frame', header(4, 5)],
    ['JSON over the limit', header(FRAME_BYTES_MAX, FRAME_JSON_BYTES_MAX + 1)],
    ['JSON that does not parse', Buffer.concat([header(3, 3), Buffer.from('{"a')])],
    ['no JSON at all', header(0, 0)],
  ])('%s is refused before anything is buffered for it', (_, bytes) => {
    const decoder = new FrameDecoder();
    expect(() => decoder.push(bytes)).toThrow(FrameError);
    expect(() => decoder.push(Buffer.alloc(1))).toThrow(FrameError);
  });

  test('a truncated frame gives nothing and holds only what came', () => {
    const decoder = new FrameDecoder();
    const whole = Buffer.concat(encodeFrame({ a: 1 }, Buffer.alloc(100)));
    expect(decoder.push(whole.subarray(0, whole.length - 1))).toEqual([]);
    expect(decoder.bufferedBytes).toBe(whole.length - 1);
    expect(decoder.push(whole.subarray(whole.length - 1))).toHaveLength(1);
  });

  test(`garbage never does anything but throw FrameError or wait (seed ${SEED})`, () => {
    const random = randomFrom(SEED + 1);
    let refused = 0;
    for (let round = 0; round < 500; round++) {
      const decoder = new FrameDecoder();
      const bytes = Buffer.from(Array.from({ length: 1 + random(400) }, () => random(256)));
      // Half of the rounds get plausible lengths, so that the JSON is reached.
      if (round % 2 === 0 && bytes.length > 8) header(random(200), random(100)).copy(bytes);
      try {
        decoder.push(bytes);
        expect(decoder.bufferedBytes).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
  });

  test('a sender cannot make a frame that its peer would refuse', () => {
    expect(() => encodeFrame({}, Buffer.alloc(FRAME_BYTES_MAX))).toThrow(FrameError);
    expect(() => encodeFrame({ text: 'x'.repeat(FRAME_JSON_BYTES_MAX) })).toThrow(FrameError);
  });
});
