import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMMAND_MODULES } from '../../src/surfaces/cli/command-index.js';
import { type SimulatedWr, simulatedWr } from './cli-simulated.js';

/** docs/commands.md is what the program says of itself. `UPDATE_DOCS=1` writes it anew. */

const DOCUMENT = resolve(import.meta.dirname, '../../docs/commands.md');

let wr: SimulatedWr;
beforeAll(() => {
  wr = simulatedWr();
});
afterAll(() => wr.remove());

const HEAD = `# Commands

Every command of \`wr\` as \`wr help COMMAND\` shows it. This page is made from the program (\`UPDATE_DOCS=1 npx vitest run
test/e2e/commands-document.test.ts\`), and a test compares the two.

Data goes to stdout and everything else to stderr. With \`--json\`, stdout has JSON alone, and an error is
\`{"error": {"code", "message", "details"}}\` on stderr; [errors.md](errors.md) has the codes. Worlds, snapshots, states,
conditions and branches are given by id or by a prefix of it that fits one thing only; worlds and snapshots also by name, worlds
also by the last part of their name (\`nash\` for \`market/nash\`). Tables are cut to the width of a terminal, and never in a pipe.
`;

/** Commands in the order of the help, each by the name that it is listed under. */
async function listed(): Promise<string[]> {
  const { out } = await wr.wr('help');
  const section = /\nCommands:\n([\s\S]*?)\n\n/.exec(out)?.[1] ?? '';
  return section
    .split('\n')
    .flatMap((line) => /^ {2}([a-z][a-z-]*)/.exec(line)?.[1] ?? [])
    .filter((name) => name !== 'help');
}

async function documentText(): Promise<string> {
  const sections = [`\n## wr\n\n\`\`\`text\n${(await wr.wr('--help')).out.trim()}\n\`\`\`\n`];
  for (const name of await listed()) {
    const { out } = await wr.wr('help', name);
    sections.push(`\n## wr ${name}\n\n\`\`\`text\n${plain(out)}\n\`\`\`\n`);
  }
  return HEAD + sections.join('');
}

/** The options that every command has are told once, on top. */
function plain(help: string): string {
  return help
    .replace(/\nGlobal Options:\n[\s\S]*?\n(?=\n|$)/, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

test('docs/commands.md is what the program says of itself', async () => {
  const text = (await documentText()).replace(/[ \t]+$/gm, '');
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(DOCUMENT, text);
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(text);
});

test('every command has a summary, its arguments and options explained, and an example', async () => {
  const names = await listed();
  expect(names.length).toBeGreaterThan(25);
  for (const name of names) {
    const { out } = await wr.wr('help', name);
    expect(out, name).toMatch(/^Usage: wr [\s\S]*\n\n\S.{8,}\n/);
    expect(out, name).toMatch(/Examples:\n {2}\S|Commands:\n {2}\S/);
    expect(out, name).not.toMatch(/^ {2}-[-\w]+(?:, --[\w-]+)?(?: [<[][^>\]]+[>\]])?$/m);
  }
});

test('what a command says to see as well is there', async () => {
  const words = new Set(COMMAND_MODULES.flatMap((module) => module.words));
  let seen = 0;
  for (const name of await listed()) {
    const also = /See also: (.*)/.exec((await wr.wr('help', name)).out)?.[1];
    for (const other of also?.split(', ') ?? []) {
      seen += 1;
      expect(words, `${name}: ${other}`).toContain(other.replace(/^wr /, ''));
    }
  }
  expect(seen).toBeGreaterThan(20);
});
