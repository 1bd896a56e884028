/** How a class of errors leaves the process: the exit code of `wr` and the HTTP status of the API. */
const KINDS = {
  failure: { exitCode: 1, httpStatus: 500 },
  usage: { exitCode: 2, httpStatus: 422 },
  notFound: { exitCode: 3, httpStatus: 404 },
  conflict: { exitCode: 4, httpStatus: 409 },
  timeout: { exitCode: 5, httpStatus: 504 },
  unsupported: { exitCode: 6, httpStatus: 501 },
  interrupted: { exitCode: 130, httpStatus: 499 },
} as const;

export type ErrorKind = keyof typeof KINDS;

/**
 * Every code the product can report, with its kind. docs/errors.md has a heading for each, and a test
 * compares the two lists.
 */
export const ERROR_CODES = {
  // What the caller wrote cannot be understood or does not add up.
  BAD_INPUT: 'usage',
  BAD_AMOUNT: 'usage',
  BAD_NUMBER: 'usage',
  AMBIGUOUS_ID: 'usage',
  TRITS_UNBALANCED: 'usage',
  PROBABILITIES_UNBALANCED: 'usage',
  QUERY_REFUSED: 'usage',
  CODE_TOO_LARGE: 'usage',
  UNAUTHORIZED: 'usage',
  WHEEL_INVALID: 'usage',
  WHEEL_UNSUPPORTED: 'usage',
  IMAGE_TOO_LARGE: 'usage',
  // What the caller named does not exist.
  WORLD_NOT_FOUND: 'notFound',
  SNAPSHOT_NOT_FOUND: 'notFound',
  STATE_NOT_FOUND: 'notFound',
  CONDITION_NOT_FOUND: 'notFound',
  BRANCH_NOT_FOUND: 'notFound',
  VERSE_NOT_FOUND: 'notFound',
  LOAN_NOT_FOUND: 'notFound',
  MARKET_NOT_FOUND: 'notFound',
  NO_CURRENT_WORLD: 'notFound',
  FILE_NOT_FOUND: 'notFound',
  NO_DAEMON: 'notFound',
  IMAGE_NOT_FOUND: 'notFound',
  PACKAGE_NOT_FOUND: 'notFound',
  // The thing exists but is not in a state that allows this.
  NAME_TAKEN: 'conflict',
  IMAGE_IN_USE: 'conflict',
  HEAD_MOVED: 'conflict',
  CHECK_DISAGREES: 'conflict',
  WORLD_FROZEN: 'conflict',
  WORLD_COLLAPSED: 'conflict',
  WORLD_DELETED: 'conflict',
  PUSH_DOWN_OPEN: 'conflict',
  NO_PUSH_DOWN: 'conflict',
  DATA_DIR_LOCKED: 'conflict',
  QUEUE_FULL: 'conflict',
  TOO_MANY_WORLDS: 'conflict',
  TOO_MANY_STATES: 'conflict',
  FILE_CONFLICT: 'conflict',
  FILE_PROTECTED: 'conflict',
  RUNTIME_CLOSED: 'conflict',
  DAEMON_RUNNING: 'conflict',
  DAEMON_VERSION: 'conflict',
  // The ledger's own refusals (docs/specification.md, "Ledger").
  VERSE_COLLAPSED: 'conflict',
  OVERLAP: 'conflict',
  NOT_EXHAUSTIVE: 'conflict',
  TRIVIAL_PARTITION: 'conflict',
  INSUFFICIENT_BALANCE: 'conflict',
  BALANCE_ENCUMBERED: 'conflict',
  BALANCE_OVERFLOW: 'conflict',
  TOKEN_UNSPLITTABLE: 'conflict',
  PRICE_MOVED: 'conflict',
  FORBIDDEN: 'conflict',
  CONTRADICTION: 'conflict',
  ALREADY_RESOLVED: 'conflict',
  IDEMPOTENCY_KEY_REUSED: 'conflict',
  REPORT_MISSING: 'conflict',
  ORACLE_FAILED: 'conflict',
  PROPOSAL_STANDS: 'conflict',
  NO_PROPOSAL: 'conflict',
  DISPUTE_WINDOW_OPEN: 'conflict',
  DISPUTE_WINDOW_OVER: 'conflict',
  MISLABELLED_OPTIMUM: 'conflict',
  BUDGET_EXHAUSTED: 'conflict',
  // Time.
  EXECUTION_TIMEOUT: 'timeout',
  CPU_LIMIT: 'timeout',
  WAIT_TIMEOUT: 'timeout',
  // Not on this substrate or machine.
  UNSUPPORTED: 'unsupported',
  ISOLATION_MISSING: 'unsupported',
  // Stopped by the user.
  INTERRUPTED: 'interrupted',
  // Something failed while running guest code; the world is at its last state.
  MEMORY_LIMIT: 'failure',
  FILE_LIMIT: 'failure',
  ENGINE_FAULT: 'failure',
  EXECUTOR_LOST: 'failure',
  STATE_LOST: 'failure',
  // Storage.
  STORAGE_FAILED: 'failure',
  PAGE_CORRUPT: 'failure',
  JOURNAL_CORRUPT: 'failure',
  JOURNAL_INCOMPLETE: 'failure',
  DATA_DIR_VERSION: 'failure',
  RECOVERY_DIVERGED: 'failure',
  IMAGE_MISMATCH: 'failure',
  IMAGE_BUILD_FAILED: 'failure',
  IMAGE_DAMAGED: 'failure',
  PACKAGE_UNAVAILABLE: 'failure',
  // Between a client and the daemon.
  DAEMON_UNREACHABLE: 'failure',
  DAEMON_LOST: 'failure',
  // A defect of ours.
  INTERNAL: 'failure',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface WorldErrorOptions {
  /** Machine-readable facts: ids, limits, what was found. JSON-serialisable. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error class of the product. `message` says what failed, on what, and what to do next;
 * `code` is stable and documented in docs/errors.md.
 */
export class WorldError extends Error {
  override readonly name = 'WorldError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: WorldErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return ERROR_CODES[this.code];
  }

  /** Exit code of `wr` for this error. */
  get exitCode(): number {
    return KINDS[this.kind].exitCode;
  }

  /** HTTP status of the API for this error. */
  get httpStatus(): number {
    return KINDS[this.kind].httpStatus;
  }

  toJSON(): { code: ErrorCode; message: string; details: Readonly<Record<string, unknown>> } {
    return { code: this.code, message: this.message, details: this.details };
  }
}

/** True when `code` is one of ours: for errors that crossed a process boundary as JSON. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERROR_CODES, code);
}

/** Wraps anything thrown as a WorldError, keeping one that already is. */
export function toWorldError(thrown: unknown, code: ErrorCode, message: string): WorldError {
  if (thrown instanceof WorldError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new WorldError(code, `${message}: ${reason}`, { cause: thrown });
}
