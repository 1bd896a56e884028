import { expect, test } from 'vitest';
import { ProgressParts } from './progress-parts.js';

const step = (name: string, state: 'running' | 'done' | 'failed') => ({
  done: 0,
  total: 3,
  what: name,
  part: { name, state },
});

test('each verse has a line that changes in place, failures first', () => {
  const parts = new ProgressParts();
  expect(parts.text()).toBe('');
  for (const name of ['nash', 'optimal', 'chaos']) parts.note(step(name, 'running'));
  parts.note(step('optimal', 'done'));
  parts.note(step('nash', 'failed'));
  expect(parts.text()).toBe('\n  ✗ nash failed\n  … chaos running\n  ✓ optimal done');
});

test('a thousand verses have eight lines', () => {
  const parts = new ProgressParts();
  for (let n = 0; n < 1000; n += 1) parts.note(step(`w/${n}`, 'running'));
  expect(parts.text().split('\n')).toHaveLength(10);
  expect(parts.text()).toContain('and 992 more');
});

test('a call without parts says nothing of them', () => {
  const parts = new ProgressParts();
  parts.note({ done: 1, total: 2, what: 'x' });
  expect(parts.text()).toBe('');
});
