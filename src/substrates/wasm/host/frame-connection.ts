import type { Duplex } from 'node:stream';
import { encodeFrame, type Frame, FrameDecoder } from './frames.js';

/** One end of a framed stream; `Out` are the messages this end sends. */
export interface FrameConnection<Out extends object> {
  send(message: Out, binary?: Uint8Array): void;
  /** Sends what is pending, closes this end, then calls back. */
  end(done: () => void): void;
  destroy(): void;
}

export interface FrameEvents {
  frame(frame: Frame): void;
  /** The stream ended, failed, or carried something that is no frame. Called once; nothing follows. */
  closed(error: Error | null): void;
}

/** Speaks frames over a socket. A handler that throws closes the connection: nothing is trusted after damage. */
export function connectFrames<Out extends object>(socket: Duplex, events: FrameEvents): FrameConnection<Out> {
  const decoder = new FrameDecoder();
  let open = true;
  const close = (error: Error | null): void => {
    if (!open) return;
    open = false;
    socket.destroy();
    events.closed(error);
  };
  socket.on('data', (chunk: Buffer) => {
    if (!open) return;
    try {
      for (const frame of decoder.push(chunk)) if (open) events.frame(frame);
    } catch (error) {
      close(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.on('error', (error) => close(error));
  socket.on('end', () => close(null));
  socket.on('close', () => close(null));
  let gathering = false;
  /** What is sent in one turn goes out in one write: each wakes the other process. */
  const gather = (): void => {
    if (gathering) return;
    gathering = true;
    socket.cork();
    process.nextTick(() => {
      gathering = false;
      socket.uncork();
    });
  };
  return {
    send: (message, binary) => {
      if (!open) return;
      const pieces = encodeFrame(message, binary);
      gather();
      for (const piece of pieces) socket.write(piece);
    },
    end: (done) => {
      if (open) socket.end(done);
      else done();
    },
    destroy: () => close(null),
  };
}
