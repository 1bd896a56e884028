/** Where the CLI writes: data to `out`, everything else to `err`. The only module that touches the streams. */
export interface Terminal {
  /** Whether data on stdout may carry colour. */
  readonly colour: boolean;
  /** Whether stderr is looked at by somebody, so that progress makes sense there. */
  readonly interactive: boolean;
  /** Columns of the terminal that stdout is; none when it is none, so that nothing is cut for programs. */
  readonly width?: number;
  out(text: string): void;
  err(text: string): void;
  /** Resolves when everything written has left the process. */
  flush(): Promise<void>;
}

/** The terminal of this process. */
export function processTerminal(env: NodeJS.ProcessEnv = process.env): Terminal {
  const stdout = quietPipe(process.stdout);
  const stderr = quietPipe(process.stderr);
  const plain = Boolean(env['NO_COLOR']) || env['TERM'] === 'dumb';
  return {
    colour: process.stdout.isTTY === true && !plain,
    // Pseudo-terminals that nobody looks at have no width, and a progress line cannot be erased there.
    ...(process.stdout.isTTY === true && process.stdout.columns > 0 ? { width: process.stdout.columns } : {}),
    interactive: process.stderr.isTTY === true && process.stderr.columns > 0,
    out: stdout.write,
    err: stderr.write,
    async flush() {
      await Promise.all([stdout.flush(), stderr.flush()]);
    },
  };
}

interface Pipe {
  write(text: string): void;
  flush(): Promise<void>;
}

/** A reader that goes away (`wr list | head -1`) is no error: what would follow is dropped. */
function quietPipe(stream: NodeJS.WriteStream): Pipe {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone = true;
  });
  return {
    write: (text) => {
      if (!gone && text !== '') stream.write(text);
    },
    flush: () =>
      new Promise((resolve) => {
        if (gone) resolve();
        else stream.write('', () => resolve());
      }),
  };
}
