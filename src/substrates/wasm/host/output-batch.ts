/** Writes sent one by one before batching begins: ordinary programs see each line at once. */
const DIRECT_WRITES = 256;
/** After that, text waits until it is this long or until this much time has passed since the last sending. */
const BATCH_CHARS = 8192;
const BATCH_AGE_MS = 25;

export interface OutputBatch {
  write(stream: 'stdout' | 'stderr', text: string): void;
  flush(): void;
}

export interface OutputBatchOptions {
  readonly send: (stream: 'stdout' | 'stderr', text: string) => void;
  readonly nowMs: () => number;
}

/** Keeps a guest that prints a hundred thousand times from making a hundred thousand messages. */
export function createOutputBatch({ send, nowMs }: OutputBatchOptions): OutputBatch {
  let sends = 0;
  let sentMs = Number.NEGATIVE_INFINITY;
  let stream: 'stdout' | 'stderr' = 'stdout';
  let text = '';

  const flush = (): void => {
    if (text === '') return;
    send(stream, text);
    text = '';
    sends++;
    // The clock is read only once batching matters: most runs never ask for it.
    if (sends >= DIRECT_WRITES) sentMs = nowMs();
  };

  const write = (to: 'stdout' | 'stderr', more: string): void => {
    if (to !== stream) flush();
    stream = to;
    text += more;
    if (sends < DIRECT_WRITES || text.length >= BATCH_CHARS || nowMs() - sentMs >= BATCH_AGE_MS) flush();
  };

  return { write, flush };
}
