import { DEFAULT_LIMITS } from '../../model/limits.js';
import type { FileEdit } from '../../ports/files.js';
import type { StateRef } from '../../ports/substrate.js';
import type { Bench } from './bench.js';
import type { SubstrateCase } from './substrate-case.js';

/** The files of a state as they are reached from outside. */

const CLOCK_NS = 1_800_000_000_000_000_000n;
const BOUNDS = { fileBytes: DEFAULT_LIMITS.fileBytes, files: DEFAULT_LIMITS.files };
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export function write(path: string, text: string, append = false): FileEdit {
  return { kind: 'write', path, bytes: bytesOf(text), append };
}

export async function edit(
  { substrate }: Bench,
  state: StateRef,
  edits: readonly FileEdit[],
  bounds = BOUNDS,
): Promise<StateRef> {
  return (await substrate.editFiles(state, edits, { clockNs: CLOCK_NS, bounds }, {})).state;
}

async function textOf({ substrate }: Bench, state: StateRef, path: string): Promise<string> {
  const { bytes } = await substrate.readFile(state, path, { offset: 0, length: 65_536 }, {});
  return new TextDecoder().decode(bytes);
}

async function pathsIn({ substrate }: Bench, state: StateRef, path: string, recursive = false) {
  const { entries } = await substrate.listFiles(state, { path, recursive, limit: 1000 }, {});
  return entries.map(({ path: found, kind, sizeBytes }) => `${kind} ${found} ${sizeBytes}`);
}

export const FILE_CASES: readonly SubstrateCase[] = [
  {
    name: 'what the guest wrote is read and listed from outside',
    needs: ['disk'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      await world.value(dialect.writeFile('/tmp/a.txt', 'hello'));
      const state = await world.snapshot();
      expect(await textOf(bench, state, '/tmp/a.txt')).toBe('hello');
      expect(await textOf(bench, state, '/tmp/./a.txt')).toBe('hello');
      expect(await pathsIn(bench, state, '/tmp')).toEqual(['file /tmp/a.txt 5']);
      const part = await substrate.readFile(state, '/tmp/a.txt', { offset: 3, length: 10 }, {});
      expect([new TextDecoder().decode(part.bytes), part.entry.sizeBytes]).toEqual(['lo', 5]);
      const behind = await substrate.readFile(state, '/tmp/a.txt', { offset: 9, length: 10 }, {});
      expect(behind.bytes.length, 'behind the end').toBe(0);
    },
  },
  {
    name: 'the guest sees files that were put in, and only in the state that has them',
    needs: ['disk'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 3));
      const before = await world.snapshot();
      const after = await edit(bench, before, [write('/data/deep/in.txt', 'from outside')]);
      const child = await bench.restore(after, world.identity);
      expect(await child.value(dialect.readFile('/data/deep/in.txt'))).toBe(dialect.literal('from outside'));
      expect(await child.value(dialect.get('x')), 'memory is as before').toBe('3');
      await (await bench.restore(before, world.identity)).raises(dialect.readFile('/data/deep/in.txt'));
      await world.raises(dialect.readFile('/data/deep/in.txt'));
      await bench.discard(before);
      expect(await textOf(bench, after, '/data/deep/in.txt')).toBe('from outside');
      await bench.discard(after);
    },
  },
  {
    name: 'a world without an execution takes files',
    needs: ['disk'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      const after = await edit(bench, await world.snapshot(), [write('first.txt', 'relative')]);
      const child = await bench.restore(after, world.identity);
      expect(await child.value(dialect.readFile('first.txt'))).toBe(dialect.literal('relative'));
      expect((await child.run(dialect.whoAmI)).stdout, 'and knows who it is').toContain(
        world.identity.worldId,
      );
    },
  },
  {
    name: 'content grows by appending, across pages, and is replaced by writing',
    needs: ['disk'],
    starts: ['restored'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      await world.value(dialect.writeFile('/tmp/grow', 'guest'));
      let state = await world.snapshot();
      let expected = 'guest';
      for (const length of [1, 4090, 5000, 4096, 0, 7]) {
        const text = String.fromCharCode(97 + (length % 26)).repeat(length);
        state = await edit(bench, state, [write('/tmp/grow', text, true)]);
        expected += text;
        expect(await textOf(bench, state, '/tmp/grow'), `${expected.length} bytes`).toBe(expected);
      }
      const { bytes } = await substrate.readFile(state, '/tmp/grow', { offset: 4000, length: 300 }, {});
      expect(new TextDecoder().decode(bytes)).toBe(expected.slice(4000, 4300));
      state = await edit(bench, state, [write('/tmp/grow', 'short'), write('/tmp/grow', '!', true)]);
      const child = await bench.restore(state, world.identity);
      expect(await child.value(dialect.readFile('/tmp/grow'))).toBe(dialect.literal('short!'));
    },
  },
  {
    name: 'files and directories are made, renamed, copied and removed',
    needs: ['disk'],
    starts: ['booted'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.writeFile('/tmp/old', 'content'));
      const first = await world.snapshot();
      const second = await edit(bench, first, [
        { kind: 'directory', path: '/tmp/d/e' },
        write('/tmp/d/f', 'ff'),
        { kind: 'rename', path: '/tmp/old', to: '/tmp/new' },
        { kind: 'rename', path: '/tmp/d', to: '/tmp/moved' },
        { kind: 'copy', path: '/tmp/moved', to: '/tmp/twin' },
      ]);
      expect(await pathsIn(bench, second, '/tmp', true)).toEqual([
        'directory /tmp/moved 0',
        'directory /tmp/moved/e 0',
        'file /tmp/moved/f 2',
        'file /tmp/new 7',
        'directory /tmp/twin 0',
        'directory /tmp/twin/e 0',
        'file /tmp/twin/f 2',
      ]);
      const third = await edit(bench, second, [
        write('/tmp/twin/f', 'other'),
        { kind: 'remove', path: '/tmp/moved', recursive: true },
        { kind: 'remove', path: '/tmp/twin/e', recursive: false },
      ]);
      expect(await pathsIn(bench, third, '/tmp', true)).toEqual([
        'file /tmp/new 7',
        'directory /tmp/twin 0',
        'file /tmp/twin/f 5',
      ]);
      const child = await bench.restore(third, world.identity);
      expect(await child.value(dialect.readFile('/tmp/new'))).toBe(dialect.literal('content'));
      expect(await textOf(bench, second, '/tmp/moved/f'), 'the state before is as it was').toBe('ff');
    },
  },
  {
    name: 'files are copied from another state',
    needs: ['disk'],
    starts: ['booted'],
    async run(bench) {
      const { dialect, expect } = bench;
      const [here, there] = [await bench.open(), await bench.open()];
      await there.value(dialect.writeFile('/tmp/f', 'of the other'));
      const source = await there.snapshot();
      const state = await edit(bench, await here.snapshot(), [
        { kind: 'copy', path: '/tmp/f', to: '/data/g', source },
      ]);
      await bench.discard(source);
      const child = await bench.restore(state, here.identity);
      expect(await child.value(dialect.readFile('/data/g'))).toBe(dialect.literal('of the other'));
    },
  },
  {
    name: 'an edit that cannot be is refused by name and changes nothing',
    needs: ['disk'],
    starts: ['booted'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      await world.value(dialect.writeFile('/tmp/f', 'x'));
      const state = await world.snapshot();
      const refuse = (code: string, ...edits: FileEdit[]) =>
        bench.rejects(edit(bench, state, [write('/tmp/first', 'y'), ...edits]), code);
      await refuse('FILE_NOT_FOUND', { kind: 'remove', path: '/tmp/none', recursive: true });
      await refuse('FILE_NOT_FOUND', { kind: 'rename', path: '/tmp/none', to: '/tmp/a' });
      await refuse('FILE_NOT_FOUND', { kind: 'copy', path: '/tmp/none', to: '/tmp/a' });
      await refuse('FILE_CONFLICT', write('/tmp/f/below', 'z'));
      await refuse('FILE_CONFLICT', write('/tmp', 'z'));
      await refuse('FILE_CONFLICT', { kind: 'directory', path: '/tmp/f' });
      await refuse('FILE_CONFLICT', write('/tmp/d/g', ''), {
        kind: 'remove',
        path: '/tmp/d',
        recursive: false,
      });
      await refuse('FILE_CONFLICT', write('/tmp/d/g', ''), {
        kind: 'copy',
        path: '/tmp/d',
        to: '/tmp/d/g/h',
      });
      await refuse('FILE_CONFLICT', write('/tmp/d/g', ''), { kind: 'rename', path: '/tmp/f', to: '/tmp/d' });
      await refuse('FILE_PROTECTED', write(`${dialect.systemDirectory}/z`, 'z'));
      await refuse('FILE_PROTECTED', { kind: 'rename', path: '/tmp/f', to: `${dialect.systemDirectory}/z` });
      await refuse('FILE_PROTECTED', { kind: 'remove', path: '/', recursive: true });
      await refuse('BAD_INPUT', write('', 'z'));
      await refuse('BAD_INPUT', write('/tmp/a\0b', 'z'));
      await refuse('BAD_INPUT', write('/tmp/\ud800', 'z'));
      await refuse('BAD_INPUT', write(`/tmp/${'n'.repeat(256)}`, 'z'));
      await refuse('BAD_INPUT', write(`/tmp/${'n/'.repeat(4096)}`, 'z'));
      await bench.rejects(textOf(bench, state, '/tmp/none'), 'FILE_NOT_FOUND');
      await bench.rejects(textOf(bench, state, '/tmp'), 'FILE_CONFLICT');
      await bench.rejects(
        substrate.listFiles(state, { path: '/none', recursive: false, limit: 1 }, {}),
        'FILE_NOT_FOUND',
      );
      expect(await pathsIn(bench, state, '/tmp')).toEqual(['file /tmp/f 1']);
    },
  },
  {
    name: 'more files or bytes than the world may have are refused',
    needs: ['disk'],
    starts: ['booted'],
    async run(bench) {
      const { dialect, expect } = bench;
      const world = await bench.open();
      await world.value(dialect.writeFile('/tmp/f', '12345'));
      const state = await world.snapshot();
      const bounds = { fileBytes: 10, files: 3 };
      await bench.rejects(edit(bench, state, [write('/tmp/f', 'abcdef', true)], bounds), 'FILE_LIMIT');
      const many = [1, 2, 3].map((n) => write(`/tmp/n${n}`, ''));
      await bench.rejects(edit(bench, state, many, bounds), 'FILE_LIMIT');
      const fits = await edit(bench, state, [write('/tmp/f', 'abcde', true)], bounds);
      expect(await textOf(bench, fits, '/tmp/f')).toBe('12345abcde');
    },
  },
  {
    name: 'a long listing comes in parts',
    needs: ['disk'],
    starts: ['booted'],
    async run(bench) {
      const { expect, substrate } = bench;
      const world = await bench.open();
      const names = [
        'a',
        'a-b',
        'a0',
        'b',
        'Z',
        'with space',
        'new\nline',
        'ünïcode',
        '__proto__',
        '-rf',
        '...',
      ];
      const edits = names.map((name) => write(`/data/${name}`, name));
      const state = await edit(bench, await world.snapshot(), edits);
      const seen: string[] = [];
      for (let after: string | undefined; ; ) {
        const request = {
          path: '/data/',
          recursive: true,
          limit: 3,
          ...(after === undefined ? {} : { after }),
        };
        const { entries, more } = await substrate.listFiles(state, request, {});
        expect(entries.length).toBeLessThanOrEqual(3);
        seen.push(...entries.map(({ path }) => path));
        if (!more) break;
        after = entries.at(-1)?.path ?? '';
      }
      const expected = names.map((name) => `/data/${name}`).sort((a, b) => (a < b ? -1 : 1));
      expect(seen).toEqual(expected);
    },
  },
  {
    name: 'files put in survive storage',
    needs: ['disk'],
    starts: ['booted'],
    async run(bench) {
      const { dialect, expect, substrate } = bench;
      const world = await bench.open();
      await world.value(dialect.set('x', 8));
      const state = await edit(bench, await world.snapshot(), [write('/data/kept', 'k'.repeat(10_000))]);
      const durable = await substrate.persist(state, {});
      const elsewhere = await bench.elsewhere();
      const recalled = await elsewhere.substrate.recall(durable, {});
      expect((await textOf(elsewhere, recalled, '/data/kept')).length).toBe(10_000);
      expect(await (await elsewhere.branch(recalled)).value(dialect.get('x'))).toBe('8');
    },
  },
  {
    name: 'a removed file stays readable for who has it open, and a written one is seen',
    needs: ['disk', 'python'],
    async run(bench) {
      const { expect } = bench;
      const world = await bench.open();
      await world.run(
        "for name in ('gone', 'kept', 'stays'):\n    _ = open('/tmp/' + name, 'w').write('old ' + name)\n" +
          "gone, kept = open('/tmp/gone'), open('/tmp/kept')\n_ = gone.read(2)",
      );
      const state = await edit(bench, await world.snapshot(), [
        { kind: 'remove', path: '/tmp/gone', recursive: false },
        write('/tmp/kept', 'new kept'),
      ]);
      const child = await bench.restore(state, world.identity);
      expect(await child.value('gone.read()')).toBe("'d gone'");
      expect(await child.value('kept.read()')).toBe("'new kept'");
      expect(await child.value("import os\nsorted(os.listdir('/tmp'))")).toBe("['kept', 'stays']");
      expect(await child.value("open('/tmp/gone', 'w').write('x')")).toBe('1');
      expect(await child.value("(gone.seek(0), gone.read())[1], open('/tmp/gone').read()")).toBe(
        "('old gone', 'x')",
      );
      const again = await bench.restore(await child.snapshot(), world.identity);
      expect(await again.value("(gone.seek(0), gone.read())[1], open('/tmp/gone').read()")).toBe(
        "('old gone', 'x')",
      );
    },
  },
  {
    name: 'a module put in is found by an import that failed before',
    needs: ['disk', 'python'],
    async run(bench) {
      const { expect } = bench;
      const world = await bench.open();
      await world.raises('import put_in_later', 'ModuleNotFoundError');
      const state = await edit(bench, await world.snapshot(), [write('put_in_later.py', 'answer = 42')]);
      const child = await bench.restore(state, world.identity);
      expect(await child.value('import put_in_later\nput_in_later.answer')).toBe('42');
    },
  },
  {
    name: 'links of the guest are shown, followed as the guest would, and never out of the world',
    needs: ['disk', 'python'],
    starts: ['booted'],
    async run(bench) {
      const { expect, substrate } = bench;
      const world = await bench.open();
      await world.run(
        "import os\nos.makedirs('/tmp/d')\n_ = open('/tmp/d/f', 'w').write('through')\n" +
          "os.symlink('d', '/tmp/l')\nos.symlink('../../../../etc/passwd', '/tmp/out')\nos.symlink('loop', '/tmp/loop')\n" +
          "os.symlink('/lib', '/tmp/lib')",
      );
      const state = await world.snapshot();
      expect(await textOf(bench, state, '/tmp/l/f')).toBe('through');
      const { entries } = await substrate.listFiles(state, { path: '/tmp', recursive: true, limit: 99 }, {});
      expect(entries.map(({ path, kind, target }) => [path, kind, target])).toEqual([
        ['/tmp/d', 'directory', undefined],
        ['/tmp/d/f', 'file', undefined],
        ['/tmp/l', 'symlink', 'd'],
        ['/tmp/lib', 'symlink', '/lib'],
        ['/tmp/loop', 'symlink', 'loop'],
        ['/tmp/out', 'symlink', '../../../../etc/passwd'],
      ]);
      await bench.rejects(textOf(bench, state, '/tmp/out'), 'FILE_NOT_FOUND');
      await bench.rejects(textOf(bench, state, '/tmp/loop'), 'FILE_CONFLICT');
      await bench.rejects(edit(bench, state, [write('/tmp/lib/x', '')]), 'FILE_PROTECTED');
      const removed = await edit(bench, state, [{ kind: 'remove', path: '/tmp/l', recursive: true }]);
      expect(await textOf(bench, removed, '/tmp/d/f'), 'only the link went').toBe('through');
    },
  },
];
