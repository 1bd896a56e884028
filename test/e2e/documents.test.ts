import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorldRuntime } from '../../src/index.js';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENTS = [
  'README.md',
  'CHANGELOG.md',
  'docs/architecture.md',
  'docs/configuration.md',
  'docs/contract.md',
  'docs/vocabulary.md',
  'docs/specification.md',
  'docs/limitations.md',
  'docs/errors.md',
  'docs/images.md',
  'docs/security.md',
  'docs/performance.md',
  'docs/testing.md',
  'examples/README.md',
  'examples/braess/README.md',
];

interface Block {
  readonly language: string;
  readonly text: string;
}

function blocksOf(document: string): Block[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }));
}

describe('what the documents promise', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wr-documents-'));
    // `wr` in a document is this checkout's.
    writeFileSync(join(folder, 'wr'), `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/bin/wr.js" "$@"\n`, {
      mode: 0o755,
    });
    env = {
      ...process.env,
      PATH: `${folder}:${process.env['PATH']}`,
      WORLD_DATA_DIR: join(folder, 'data'),
      NO_COLOR: '1',
    };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the README has shell and TypeScript blocks to check', () => {
    const languages = blocksOf('README.md').map(({ language }) => language);
    expect(languages.filter((language) => language === 'sh').length).toBeGreaterThan(1);
    expect(languages).toContain('ts');
  });

  test('shell blocks of the README run as they stand, in order', () => {
    const commands = blocksOf('README.md')
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n'))
      // Installing and the test run itself are what this test is part of.
      .filter((line) => /^(?:wr|printf|npm run demo)\b/.test(line));
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) {
      try {
        const cwd = command.startsWith('npm') ? ROOT : folder;
        execFileSync('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
      } catch (thrown) {
        const { stderr } = thrown as { stderr: Buffer };
        throw new Error(`README command failed: ${command}\n${stderr}`);
      }
    }
  }, 180_000);

  test.each(DOCUMENTS.filter((document) => existsSync(join(ROOT, document))))(
    'TypeScript blocks of %s run',
    (document) => {
      for (const { text } of blocksOf(document).filter(({ language }) => language === 'ts')) {
        const file = join(ROOT, `.snippet-${process.pid}.mjs`);
        // Inside the checkout, so that `world-runtime` resolves to this package.
        writeFileSync(
          file,
          text.replace('WorldRuntime.open()', `WorldRuntime.open({ dataDir: '${folder}/snippet' })`),
        );
        try {
          execFileSync(process.execPath, [file], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
        } finally {
          rmSync(file, { force: true });
        }
      }
    },
    120_000,
  );

  test('Python blocks run in a world', async () => {
    const blocks = DOCUMENTS.flatMap(blocksOf).filter(({ language }) => language === 'python');
    expect(blocks.length).toBeGreaterThan(0);
    const runtime = await WorldRuntime.open({ dataDir: join(folder, 'python') });
    try {
      for (const { text } of blocks) {
        const world = await runtime.create();
        await world.deposit('USD', 10n);
        expect((await world.execute(text)).error, text).toBeNull();
      }
    } finally {
      await runtime.close();
    }
  }, 60_000);

  test.each(DOCUMENTS)('%s exists and its links lead somewhere', (document) => {
    const text = readFileSync(join(ROOT, document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)/g)].map(([, path = '']) => path);
    const missing = links.filter((path) => !existsSync(join(ROOT, dirname(document), path)));
    expect(missing).toEqual([]);
  });
});
