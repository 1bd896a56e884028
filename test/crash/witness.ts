import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import type { BalanceView, WorldView } from '../../src/model/api.js';
import type { ListFilesView } from '../../src/model/file-api.js';
import type { ImageView } from '../../src/model/image-api.js';
import type { SnapshotItem } from '../../src/model/name-api.js';
import type { ProbeView } from '../../src/model/probe-api.js';
import type { JournalEntry } from '../../src/ports/journal-record.js';
import { nodeFileOps } from '../../src/storage/file-ops.js';
import {
  chainHash,
  decodeHeader,
  SEGMENT_HEADER_BYTES,
} from '../../src/storage/journal-file/journal-format.js';
import { parseBody } from '../../src/storage/journal-file/parse-body.js';
import { RecordReader } from '../../src/storage/journal-file/record-reader.js';
import { segmentPath } from '../../src/storage/journal-file/segment-names.js';
import type { Transport } from '../../src/surfaces/client/transport.js';
import type { Random } from '../simulation/random.js';
import { Reference } from '../simulation/reference.js';
import { factOf, tagOf } from './facts.js';
import { interpretPython, LOOK } from './python-programs.js';

/** What became of something that a client asked for. */
export interface Outcome {
  readonly verb: string;
  readonly tag: string;
  /** What was acknowledged; null when nothing was, or when there is no record of it. */
  readonly fact: string | null;
  /** Whether it happened is known: it was answered, or refused by somebody who knows. */
  readonly isCertain: boolean;
}

/** Verbs whose record carries the tag of who asked. */
const TAGGED: ReadonlySet<string> = new Set([
  'create',
  'create-from',
  'execute',
  'execute-many',
  'branch',
  'push-down',
  'rename',
  'rename-snapshot',
  'tag',
  'deposit',
]);

const HOME = '/home/world';

/**
 * Reads the journal of a data directory from outside, while somebody else has it or nobody does, and holds against it what
 * clients were told, what a daemon answers, and what is in the worlds.
 */
export class Witness {
  readonly reference = new Reference(interpretPython);
  readonly facts = new Map<string, number>();
  readonly tags = new Map<string, number>();
  readonly #journal: string;
  #place = { segment: 0, offset: 0, seq: 0, hash: Buffer.alloc(32) };

  constructor(dataDir: string) {
    this.#journal = join(dataDir, 'journal');
  }

  get entries(): number {
    return this.#place.seq;
  }

  /** Takes in what is new. Every record must be what its verb should have done, seen from the records before it. */
  async read(): Promise<void> {
    for (;;) {
      if (this.#place.segment > 0) await this.#readSegment();
      const next = segmentPath(this.#journal, this.#place.segment + 1);
      if (!(await nodeFileOps.exists(next))) return;
      this.#place = { ...this.#place, segment: this.#place.segment + 1, offset: 0 };
    }
  }

  async #readSegment(): Promise<void> {
    const path = segmentPath(this.#journal, this.#place.segment);
    const file = await nodeFileOps.open(path, 'read');
    try {
      if (this.#place.offset === 0) {
        const header = Buffer.alloc(SEGMENT_HEADER_BYTES);
        const got = await file.read(header, 0);
        const decoded = decodeHeader(header.subarray(0, got));
        assert(decoded, `${path} has a header`);
        this.#place = { ...this.#place, offset: decoded.bytes };
      }
      const reader = new RecordReader(file, await file.sizeBytes());
      for (let found = await reader.at(this.#place.offset); found.kind === 'record'; ) {
        const { seq, hash } = found.frame;
        assert.equal(seq, this.#place.seq + 1, 'entries follow each other');
        assert(
          chainHash(this.#place.hash, seq, found.body).equals(hash),
          `entry ${seq} follows from the one before`,
        );
        this.#take(parseBody(found.body, { path, offset: found.offset, seq }));
        this.#place = { ...this.#place, offset: found.end, seq, hash: Buffer.from(hash) };
        found = await reader.at(found.end);
      }
    } finally {
      await file.close();
    }
  }

  #take(record: JournalEntry['record']): void {
    this.reference.read(record);
    const [fact, tag] = [factOf(record), tagOf(record)];
    if (fact !== null) this.facts.set(fact, (this.facts.get(fact) ?? 0) + 1);
    if (tag !== null) this.tags.set(tag, (this.tags.get(tag) ?? 0) + 1);
  }

  /** What was acknowledged is there, once; what was refused is not. */
  checkOutcome({ verb, tag, fact, isCertain }: Outcome): void {
    const found = this.tags.get(tag) ?? 0;
    assert(found <= 1, `${verb} ${tag} happened ${found} times`);
    if (fact !== null)
      assert(this.facts.has(fact), `lost although it was acknowledged: ${verb} ${tag}, ${fact}`);
    if (!TAGGED.has(verb) || !isCertain) return;
    assert.equal(
      found,
      fact === null ? 0 : 1,
      `${verb} ${tag} was ${fact === null ? 'refused' : 'answered'}`,
    );
  }

  /** A running daemon says of every world, snapshot, image and balance what the journal says. */
  async compareAnswers(transport: Transport): Promise<void> {
    const call = <T>(action: string, input: object): Promise<T> =>
      transport.call(action, input, {}) as Promise<T>;
    const worlds = await call<WorldView[]>('list', { all: true });
    assert.deepEqual(
      new Map(worlds.map((world) => [world.id, shortly(world)])),
      new Map([...this.reference.worlds].map(([id, world]) => [id, expectedShortly(world)])),
      'every world is what it should be',
    );
    const snapshots = await call<SnapshotItem[]>('snapshots', {});
    assert.deepEqual(
      new Map(snapshots.map(({ id, name, state }) => [id, { name, state }])),
      new Map([...this.reference.snapshots].map(([id, { name, state }]) => [id, { name, state }])),
      'every snapshot is there, and no other',
    );
    const images = await call<ImageView[]>('image-list', {});
    assert.deepEqual(
      new Map(images.map(({ name, hash }) => [name, hash])),
      new Map(this.reference.images.entries()),
      'every image is there, and no other',
    );
    const found = new Map<string, bigint>();
    for (const { owner, amount } of await call<BalanceView[]>('balances', {}))
      add(found, owner, BigInt(amount));
    const expected = new Map<string, bigint>();
    for (const [purse, amount] of this.reference.ledger.purses())
      add(expected, purse.split(' ')[1] ?? '', amount);
    assert.deepEqual(found, expected, 'every balance is what it should be');
  }

  /** Every world answers, with the variable and the files that what was acknowledged left in it. Answers how many. */
  async visitWorlds(transport: Transport): Promise<number> {
    const live = [...this.reference.worlds.values()].filter(({ status }) =>
      ['running', 'snapshotted'].includes(status),
    );
    for (const { id, name, head } of live) {
      await this.#lookAt(transport, `world ${name}`, { world: id, state: head });
    }
    return live.length;
  }

  /** So do states of the past: some of those that are kept, and all that have a name. Answers how many. */
  async visitStates(transport: Transport, some: { random: Random; most: number }): Promise<number> {
    const known = [...this.reference.states.keys()];
    const picked =
      known.length <= some.most ? known : Array.from({ length: some.most }, () => some.random.pick(known));
    const named = [...this.reference.snapshots.values()].map(({ state }) => state);
    for (const state of new Set([...picked, ...named])) {
      // Any world will do to name a state by its id.
      const [world] = this.reference.worlds.keys();
      await this.#lookAt(transport, `state ${state}`, { world, state });
    }
    return picked.length + named.length;
  }

  async #lookAt(
    transport: Transport,
    what: string,
    at: { world: string | undefined; state: string },
  ): Promise<void> {
    const probe = (await transport.call('probe', { state: at.state, code: LOOK }, {})) as ProbeView;
    const x = this.reference.states.get(at.state);
    assert.equal(probe.value, x == null ? null : x.toString(), `x of ${what}`);
    const listed = (await transport.call('list-files', { ...at, path: HOME }, {})) as ListFilesView;
    assert.deepEqual(
      new Map(listed.entries.map(({ path, sizeBytes }) => [path, sizeBytes])),
      this.reference.files.of(at.state),
      `the files of ${what}`,
    );
  }
}

function shortly({ name, status, head, openCondition, generation, report, metadata }: WorldView): object {
  return {
    name,
    status,
    head,
    openCondition,
    generation,
    cost: report?.cost ?? null,
    note: metadata['note'],
  };
}

function expectedShortly(world: NonNullable<ReturnType<Reference['worlds']['get']>>): object {
  const { name, status, head, open, generation, cost, note } = world;
  return { name, status, head, openCondition: open, generation, cost, note };
}

function add(sums: Map<string, bigint>, owner: string, amount: bigint): void {
  sums.set(owner, (sums.get(owner) ?? 0n) + amount);
}
