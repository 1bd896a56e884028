import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import {
  ALLOWED_IMPORTS,
  CONSTANT_IMPORTS,
  OWN_IMPORTS,
} from '../../src/substrates/wasm/executor/locked-imports.js';

/** The tables of docs/security.md are those of the code. `UPDATE_DOCS=1` writes them anew. */
const DOCUMENT = resolve(import.meta.dirname, '../../docs/security.md');
const SECTION = /(<!-- imports -->\n)[\s\S]*(<!-- \/imports -->)/;

function rows(
  head: readonly [string, string],
  table: Readonly<Record<string, string | number | null>>,
): string {
  const cells = Object.entries(table)
    .map(([name, text]) => [`\`${name}\``, String(text ?? 'nothing')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const widths = [0, 1].map((at) => Math.max(...[head, ...cells].map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |\n`;
  return line(head) + line(widths.map((width) => '-'.repeat(width))) + cells.map(line).join('');
}

function importsText(): string {
  return `
Implemented by this program instead of the engine's host part:

${rows(['import', 'what it does'], OWN_IMPORTS)}
Answered by Emscripten's own code, which does not leave the thread:

${rows(['import', 'why it is safe'], ALLOWED_IMPORTS)}
Answered with a constant, so that CPython reports the error it knows:

${rows(['import', 'answer'], CONSTANT_IMPORTS)}
`;
}

test('docs/security.md lists the imports that the code allows, and why', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  expect(text).toMatch(SECTION);
  const wanted = text.replace(SECTION, (_, head: string, foot: string) => `${head}${importsText()}${foot}`);
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, wanted);
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(wanted);
});

test('a row more or less would be noticed', () => {
  const text = importsText();
  for (const name of ['fd_read', 'random_get', '__syscall_socket']) expect(text).toContain(`| \`${name}\``);
  expect(text).not.toContain('raw_call_js');
  const lines = text.split('\n').filter((line) => line.startsWith('| `'));
  const tables = [ALLOWED_IMPORTS, CONSTANT_IMPORTS, OWN_IMPORTS];
  expect(lines.length).toBe(tables.reduce((sum, table) => sum + Object.keys(table).length, 0));
});
