import { expect, it } from 'vitest';
import { runOracleCommand } from './oracle-command.js';

const QUESTION = { outcomes: [{ name: 'yes' }, { name: 'no' }] };

it('Ctrl-C ends the command with all that it started, and answers nothing', async () => {
  const stop = new AbortController();
  const began = performance.now();
  const asked = runOracleCommand('sleep 60 & sleep 60; echo yes', QUESTION, stop.signal);
  setTimeout(() => stop.abort(), 100);
  await expect(asked).rejects.toMatchObject({ code: 'INTERRUPTED' });
  expect(performance.now() - began).toBeLessThan(30_000);
});

it('a command that reads nothing of the question answers all the same', async () => {
  const { signal } = new AbortController();
  const found = await runOracleCommand('exec 0<&-; echo no', QUESTION, signal);
  expect(found).toMatchObject({ outcome: 'no', evidence: { exitCode: 0, printed: 'no\n' } });
});
