import type { Executor, RunRequest } from './executor-contract.js';
import { ImageFault } from './image-bundle.js';

const FILE_NAME = '<preamble>';
/** How much of what the preamble printed is told when it fails, characters. */
const PRINTED_CHARS = 2000;
const MIB = 1024 * 1024;

/** A run with the most that any world may have. */
export function unlimited(code: string): RunRequest {
  return {
    code,
    clockNs: 0n,
    rekey: null,
    balances: {},
    memoryBytes: 1024 * MIB,
    outputBytes: MIB,
    fileBytes: 1024 * MIB,
    files: 1_000_000,
    openFiles: 4096,
  };
}

/**
 * Runs an image's preamble in `__main__`: its variables are every world's. Under a file name of its own, so that
 * tracebacks of worlds show its lines and not those of their first execution.
 *
 * @throws ImageFault when it raises
 */
export function runPreamble(executor: Executor, source: string): void {
  // A JSON string is a Python string too.
  const text = JSON.stringify(source);
  const lines = JSON.stringify(source.split('\n').map((line) => `${line}\n`));
  const code = [
    `__import__("linecache").cache["${FILE_NAME}"] = (${source.length}, None, ${lines}, "${FILE_NAME}")`,
    `exec(compile(${text}, "${FILE_NAME}", "exec", 0, True), globals())`,
  ].join('\n');
  let printed = '';
  const outcome = executor.run(unlimited(code), (_stream, part) => {
    printed = (printed + part).slice(-PRINTED_CHARS);
  });
  if (outcome.kind === 'done' && outcome.error === null) return;
  const why =
    outcome.kind === 'done'
      ? (outcome.error?.traceback.trim() ?? '')
      : outcome.kind === 'fatal'
        ? outcome.reason
        : 'it was interrupted';
  const words = printed === '' ? '' : `\nIt had printed:\n${printed}`;
  throw new ImageFault(`the preamble failed: ${why}${words}`);
}
