import { strict as assert } from 'node:assert';
import {
  encodeFrame,
  FRAME_BYTES_MAX,
  type Frame,
  FrameDecoder,
  FrameError,
} from '../../src/substrates/wasm/host/frames.js';
import { HostMessageSchema } from '../../src/substrates/wasm/host-messages.js';
import type { Random } from '../simulation/random.js';
import type { Case, Fuzzer } from './fuzzer.js';
import { HOST_MESSAGES } from './host-samples.js';
import { mutated, mutatedValue } from './mutate.js';

type Decode = (random: Random, stream: Buffer) => Frame[] | FrameError;

/** The decoder that both ends use, and the schema that everything a host says has to pass. */
export function fuzzFrames(decode: Decode = decodeInPieces): Fuzzer {
  return {
    name: 'frames',
    async run(one) {
      decodeDamaged(one, decode);
      parseDamaged(one);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Frames before the damage arrive as they were sent; after it there is an error with a name, or frames that are whole. */
function decodeDamaged({ random, saw }: Case, decode: Decode): void {
  const sent = Array.from({ length: 1 + random.below(4) }, () => {
    const binary = Buffer.alloc(random.below(3) * random.below(5000), random.below(256));
    return { message: random.pick(HOST_MESSAGES), binary };
  });
  const frames = sent.map(({ message, binary }) => Buffer.concat(encodeFrame(message, binary)));
  const whole = random.below(frames.length + 1);
  const sound = Buffer.concat(frames.slice(0, whole));
  const rest = Buffer.concat(frames.slice(whole));
  const stream = rest.length === 0 ? sound : Buffer.concat([sound, mutated(random, rest)]);
  const decoded = decode(random, stream);
  if (decoded instanceof FrameError) {
    saw('frames refused');
    return;
  }
  for (const [index, { message, binary }] of sent.slice(0, whole).entries()) {
    assert.deepEqual(decoded[index]?.message, message, 'a frame before the damage is as it was sent');
    assert(binary.equals(decoded[index]?.binary ?? Buffer.alloc(0)), 'and so is its binary part');
  }
  saw(whole === frames.length ? 'sound streams decoded' : 'damaged streams decoded');
}

function decodeInPieces(random: Random, stream: Buffer): Frame[] | FrameError {
  const decoder = new FrameDecoder();
  const frames: Frame[] = [];
  for (let at = 0; at < stream.length; ) {
    const size = 1 + random.below(random.onceIn(2) ? 16 : 100_000);
    try {
      for (const { message, binary } of decoder.push(Buffer.from(stream.subarray(at, at + size)))) {
        frames.push({ message, binary: Buffer.from(binary) });
      }
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown;
      assert.throws(() => decoder.push(stream), FrameError, 'nothing is accepted after damage');
      return thrown;
    }
    assert(decoder.bufferedBytes <= FRAME_BYTES_MAX + 100_000, 'what is held back is bounded');
    at += size;
  }
  return frames;
}

/** Parsing never throws by accident, and what it accepts is just what was said. */
function parseDamaged({ random, saw }: Case): void {
  let said: unknown = random.pick(HOST_MESSAGES);
  for (let n = random.below(4); n > 0; n -= 1) said = mutatedValue(random, said);
  const parsed = HostMessageSchema.safeParse(JSON.parse(JSON.stringify(said)));
  if (!parsed.success) {
    saw('messages refused');
    return;
  }
  assert.deepEqual(
    JSON.parse(JSON.stringify(parsed.data)),
    JSON.parse(JSON.stringify(said)),
    'nothing is made up',
  );
  saw('messages accepted');
}
