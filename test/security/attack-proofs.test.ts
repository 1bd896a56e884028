import { expect, test } from 'vitest';
import { corpus } from './attacks/index.js';
import { BrokenBuild, type Patch } from './broken-build.js';
import { runAttacks } from './run-attacks.js';

/** A wall taken out of a copy of the program, and the attempts that must get through then. */
interface Proof extends Patch {
  readonly wall: string;
  readonly through: readonly string[];
}

const EXECUTOR = 'substrates/wasm/executor';
const PROOFS: readonly Proof[] = [
  {
    wall: 'memory goes back',
    file: `${EXECUTOR}/guest-memory.js`,
    line: 'this.#shadow.copy(memory, at, at, at + PAGE_BYTES);',
    becomes: '',
    through: ['a variable, looked for in self'],
  },
  {
    wall: 'what no state holds is cleared',
    file: `${EXECUTOR}/guest-memory.js`,
    line: 'clearBlocks(memory, page * PAGE_BYTES, (page + count) * PAGE_BYTES);',
    becomes: '',
    through: ['bytes where no state reaches, looked for by another world'],
  },
  {
    wall: 'files go back',
    file: `${EXECUTOR}/executor.js`,
    line: 'files.rollback();',
    becomes: ';',
    through: ['a file, looked for in self'],
  },
  {
    wall: 'a branch has its own entropy',
    file: `${EXECUTOR}/executor.js`,
    line: 'inputs.become(identity.seed);',
    becomes: ';',
    through: ['siblings draw other entropy'],
  },
  {
    wall: 'the clock goes on with each reading',
    file: `${EXECUTOR}/guest-inputs.js`,
    line: 'this.clockNs += NS_PER_READING;',
    becomes: '',
    through: ['the clock turned back'],
  },
  {
    wall: 'an answer belongs to one execution',
    file: `${EXECUTOR}/host-channel.js`,
    line: 'this.unread = Buffer.alloc(0);',
    becomes: '',
    through: ['an answer left in the device, looked for in self'],
  },
  {
    wall: 'names have bounds',
    file: `${EXECUTOR}/file-names.js`,
    line: 'if (!name.isWellFormed())',
    becomes: 'if (false)',
    through: ['names that are no Unicode'],
  },
];

test.each(PROOFS)('without the wall "$wall" its attempts get through', async (proof) => {
  using build = new BrokenBuild([proof]);
  const chosen = corpus(1).filter(({ name }) => proof.through.includes(name));
  expect(chosen.map(({ name }) => name)).toEqual(proof.through);
  const verdicts = await runAttacks(build.folder, chosen, { workers: 1, parallel: 1 });
  for (const { attack, breaches } of verdicts) {
    expect(breaches, attack.name).not.toEqual([]);
    // The world was attacked, and not a build that cannot run at all.
    expect(breaches.join(), attack.name).not.toMatch(/judge could not go on/);
  }
});

test('a line that is not there exactly once is no proof', () => {
  const [first] = PROOFS;
  for (const line of ['no such line', '}']) {
    expect(() => new BrokenBuild([{ ...first!, line }])).toThrow(/lines/);
  }
});
