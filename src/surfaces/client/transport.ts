/** What one call may carry besides its input. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Output of an execution as it appears. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Steps of a call over many worlds. */
  readonly onProgress?: (progress: CallProgress) => void;
}

/** How far a call over many worlds has come. */
export interface CallProgress {
  readonly done: number;
  readonly total: number;
  /** What was done last. */
  readonly what: string;
  /** The one of several that this step is about, where a call has parts that run at a time. */
  readonly part?: { readonly name: string; readonly state: 'running' | 'done' | 'failed' };
}

/** How a client reaches a runtime: in this process, or over a connection. */
export interface Transport {
  /** Runs one action of the table. @throws WorldError with the code that the action documents */
  call(action: string, input: object, options: CallOptions): Promise<unknown>;
  close(): Promise<void>;
}
