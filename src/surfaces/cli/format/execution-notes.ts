import type { ExecutionView } from '../../../model/api.js';

/** What stderr says after an execution: the traceback, and what was cut. */
export function executionNotes(
  execution: Pick<ExecutionView, 'error' | 'stdoutTruncated' | 'stderrTruncated'>,
): string {
  const notes: string[] = [];
  if (execution.error) notes.push(ensureNewline(execution.error.traceback));
  if (execution.stdoutTruncated) notes.push('stdout was cut at the limit outputBytes.\n');
  if (execution.stderrTruncated) notes.push('stderr was cut at the limit outputBytes.\n');
  return notes.join('');
}

export function ensureNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
