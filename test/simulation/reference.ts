import { strict as assert } from 'node:assert';
import type { JournalRecord, RecordOf } from '../../src/ports/journal-record.js';
import type { RuntimeContext } from '../../src/runtime/runtime-context.js';
import { ExpectedFiles } from './expected-files.js';
import { ExpectedImages } from './expected-images.js';
import { type Expected, interpret } from './interpret.js';
import { type Purses, TreeLedger } from './tree-ledger.js';

/** What a world should be, told apart from how the runtime keeps it. */
export interface ExpectedWorld {
  readonly id: string;
  name: string;
  readonly account: string;
  status: string;
  /** Path of `condition:outcome` steps from the root verse. */
  verse: string;
  head: string;
  open: string | null;
  note: string | undefined;
  readonly image: string | null;
  generation: number;
  cost: string | null;
}

interface ExpectedCondition {
  readonly parent: ExpectedWorld;
  readonly path: string;
  readonly worlds: readonly ExpectedWorld[];
  readonly probabilities: readonly string[];
}

/**
 * A second opinion about everything acknowledged: it reads the journal in its order, works out by itself what each
 * verb should have done, and complains when a record or the runtime says otherwise. It shares no code with the
 * runtime: programs are interpreted again, and balances live in a tree of verses.
 */
export class Reference {
  readonly worlds = new Map<string, ExpectedWorld>();
  /** What variable x holds in each state. */
  readonly states = new Map<string, bigint | null>();
  readonly #givenUp = new Map<string, bigint | null>();
  readonly files = new ExpectedFiles();
  /** By id. */
  readonly snapshots = new Map<string, { name: string; world: ExpectedWorld; state: string }>();
  readonly images = new ExpectedImages();
  /** Tags of the verbs found in the journal, with how often. */
  readonly tags = new Map<string, number>();
  readonly ledger = new TreeLedger();
  readonly #conditions = new Map<string, ExpectedCondition>();
  readonly #paths = new Map<string, string>();
  readonly #seeds = new Set<string>();
  readonly #interpret: typeof interpret;
  #lastAt = '';

  /** `read`: a second reading of the programs that worlds run; default: those of the simulated language. */
  constructor(read: (code: string, before: bigint | null, gold: bigint) => Expected = interpret) {
    this.#interpret = read;
  }

  /** Takes in the next record of the journal. */
  read(record: JournalRecord): void {
    assert(record.at > this.#lastAt, 'records come one after the other in time');
    this.#lastAt = record.at;
    switch (record.op) {
      case 'world.created':
        this.#created(record);
        return;
      case 'world.executed':
        this.#executed(record);
        return;
      case 'execution.failed':
        assert.equal(this.world(record.worldId).head, record.parentState, 'a failure leaves the head alone');
        return;
      case 'snapshot.taken': {
        const world = this.world(record.worldId);
        assert(world.status !== 'deleted' && world.head === record.state, 'a snapshot is of the head');
        this.#requireFree(record.name);
        this.snapshots.set(record.snapshotId, { name: record.name, world, state: record.state });
        this.#tag(record.name);
        return;
      }
      case 'state.persisted':
        assert(this.states.has(record.state), 'only a known state is persisted');
        return;
      case 'state.rooted':
        return;
      case 'states.forgotten':
        for (const id of record.states) this.#forget(id);
        return;
      case 'worlds.forgotten':
        for (const id of record.worlds) this.#forgetWorld(id);
        return;
      case 'world.branched':
        this.#branched(record);
        return;
      case 'world.replayed':
        this.#replayed(record);
        return;
      case 'world.pushed-down':
        this.#pushedDown(record);
        return;
      case 'world.pulled-up':
        this.#pulledUp(record);
        return;
      case 'world.voided':
        this.#voided(record);
        return;
      case 'world.rewound': {
        const world = this.#running(record.worldId);
        assert(world.head === record.from && this.states.has(record.to), 'a rewind goes to a known state');
        world.head = record.to;
        return;
      }
      case 'world.files-edited': {
        const world = this.#running(record.worldId);
        assert(world.head === record.parentState, 'files are put onto the head');
        this.states.set(record.state, this.states.get(record.parentState) ?? null);
        this.files.edit(record);
        world.head = record.state;
        return;
      }
      case 'world.renamed': {
        this.#requireNameless(record.name);
        const world = this.world(record.worldId);
        assert(isLive(world.status), 'only a live world has a name to give back');
        world.name = record.name;
        return;
      }
      case 'world.tagged':
        this.world(record.worldId).note = record.metadata['note'];
        return;
      case 'snapshot.renamed':
        this.#requireFree(record.name);
        this.#snapshot(record.snapshotId).name = record.name;
        return;
      case 'snapshot.removed':
        assert.equal(this.#snapshot(record.snapshotId).name, record.name, 'it is removed under its name');
        this.snapshots.delete(record.snapshotId);
        return;
      case 'world.deleted': {
        const world = this.world(record.worldId);
        assert(world.status !== 'deleted' && world.open === null, 'what is deleted was free to go');
        world.status = 'deleted';
        return;
      }
      case 'image.created':
        this.images.created(record);
        return;
      case 'image.removed':
        this.images.removed(record, this.#needing());
        return;
      case 'ledger.applied':
        for (const op of record.ledger) this.#moved(op);
        return;
      default:
        record satisfies never;
    }
  }

  /** Holds the runtime's memory against what it should be. */
  compare({ model }: RuntimeContext): void {
    assert.equal(model.worlds.size, this.worlds.size, 'no world is missing or made up');
    for (const expected of this.worlds.values()) {
      const world = model.world(expected.id as never);
      const found = {
        status: world.status,
        head: world.head,
        open: world.openCondition,
        generation: model.identity(world).generation,
        cost: world.report?.cost ?? null,
        name: world.name,
        note: world.metadata['note'],
        verse: this.#paths.get(world.verseId),
      };
      const { status, head, open, generation, cost, verse, name, note } = expected;
      const live = status === 'running' || status === 'snapshotted';
      assert.deepEqual(found, { status, head, open, generation, cost, verse, name, note }, `world ${name}`);
      if (live)
        assert(model.ledger.verse(world.verseId).live, `${world.name} lives in a verse that is possible`);
    }
    const named = [...this.snapshots].map(([id, { name, state }]) => [id, name, state]);
    const known = [...model.snapshots.values()].map(({ id, name, state }) => [id, name, state]);
    assert.deepEqual(known, named, 'every snapshot is there, and no other');
    const images = [...model.images.values()].map(({ name, hash }) => [name, hash]);
    assert.deepEqual(images, this.images.entries(), 'every image is there, and no other');
    const purses: Purses = new Map();
    for (const { verse, owner, amount } of model.ledger.balances()) {
      const path = this.#paths.get(verse);
      assert(path !== undefined, `verse ${verse} is known`);
      purses.set(`${path} ${owner}`, (purses.get(`${path} ${owner}`) ?? 0n) + amount);
    }
    assert.deepEqual(sorted(purses), sorted(this.ledger.purses()), 'every balance is where it should be');
    assert.equal(model.ledger.escrow('GOLD'), this.ledger.escrow, 'the escrow is what was deposited');
    const mean = model.ledger.meanWealth('GOLD');
    assert(mean.den === 1n && mean.num === this.ledger.escrow, 'all wealth together is the escrow');
    this.ledger.checkAtoms();
  }

  world(id: string): ExpectedWorld {
    const world = this.worlds.get(id);
    assert(world, `world ${id} was born before it is spoken of`);
    return world;
  }

  /** Nobody may need it: neither a world that is not deleted, nor a name. */
  #forget(id: string): void {
    const x = this.states.get(id);
    assert(x !== undefined, 'what is forgotten was known');
    this.states.delete(id);
    this.#givenUp.set(id, x);
    for (const world of this.worlds.values()) {
      assert(world.status === 'deleted' || world.head !== id, `the head of ${world.name} is kept`);
    }
    for (const { name, state } of this.snapshots.values())
      assert(state !== id, `the state of snapshot ${name} is kept`);
  }

  #snapshot(id: string): { name: string } {
    const snapshot = this.snapshots.get(id);
    assert(snapshot, `snapshot ${id} is there`);
    return snapshot;
  }

  #requireFree(name: string): void {
    const taken = [...this.snapshots.values()].some((one) => one.name === name);
    assert(!taken, `no other snapshot is named ${name}`);
  }

  /** Worlds that are not deleted, and snapshots, whatever became of theirs. */
  *#needing(): Generator<{ what: string; image: string | null }> {
    for (const { name, status, image } of this.worlds.values()) {
      if (status !== 'deleted') yield { what: name, image };
    }
    for (const { name, world } of this.snapshots.values())
      yield { what: `snapshot ${name}`, image: world.image };
  }

  /** It was deleted, and neither a name nor a condition that can still be resolved needs it. */
  #forgetWorld(id: string): void {
    const gone = this.world(id);
    assert.equal(gone.status, 'deleted', `only a deleted world is forgotten: ${gone.name}`);
    for (const [name, { world }] of this.snapshots)
      assert(world !== gone, `snapshot ${name} keeps its world`);
    for (const [condition, { parent, worlds }] of this.#conditions) {
      assert(parent.open !== condition || !worlds.includes(gone), `${gone.name} is awaited`);
    }
    this.worlds.delete(id);
  }

  #running(id: string): ExpectedWorld {
    const world = this.world(id);
    assert.equal(world.status, 'running', `only a running world does this: ${world.name}`);
    return world;
  }

  #tag(name: string): void {
    const tag = /op\d+(?=[^/]*$)/.exec(name)?.[0];
    if (tag !== undefined) this.tags.set(tag, (this.tags.get(tag) ?? 0) + 1);
  }

  #requireNameless(name: string): void {
    const namesake = [...this.worlds.values()].find((world) => world.name === name && isLive(world.status));
    assert(!namesake, `the name ${name} was free`);
  }

  #born(birth: RecordOf<'world.created'>['world'], verse: string): ExpectedWorld {
    assert(!this.worlds.has(birth.worldId), 'a world is born once');
    this.#requireNameless(birth.name);
    const image = birth.image?.hash ?? null;
    assert(image === null || this.images.has(image), `the image of ${birth.name} is there`);
    assert(!this.#seeds.has(birth.identity.seed), `${birth.name} has a seed of its own`);
    this.#seeds.add(birth.identity.seed);
    this.#paths.set(birth.verseId, verse);
    const world = {
      id: birth.worldId,
      name: birth.name,
      account: birth.account,
      status: 'running',
      verse,
      head: birth.state,
      open: null,
      note: birth.metadata['note'],
      image,
      generation: 0,
      cost: null,
    };
    this.worlds.set(world.id, world);
    return world;
  }

  #created({ world: birth, fork }: RecordOf<'world.created'>): void {
    this.#tag(birth.name);
    if (fork === null) {
      assert(!this.states.has(birth.state), 'a fresh world has a fresh state');
      this.states.set(birth.state, null);
      this.#born(birth, '');
      return;
    }
    const source = this.world(fork.parentId);
    assert(this.states.has(birth.state), 'a fork starts from a known state');
    if (birth.parentId !== null) assert(isLive(source.status), 'what is not detached has a live parent');
    this.#born(birth, birth.parentId === null ? '' : source.verse);
  }

  #replayed({ world: birth, sourceId, remade }: RecordOf<'world.replayed'>): void {
    this.#tag(birth.name);
    this.world(sourceId);
    if (!this.states.has(birth.state)) {
      const x = this.#givenUp.get(birth.state);
      assert(remade && x !== undefined, 'a replay goes to a state that was once there, and makes it again');
      this.states.set(birth.state, x);
    }
    this.#born(birth, '');
  }

  #executed(record: RecordOf<'world.executed'>): void {
    // The first line is a comment with the tag.
    this.#tag(record.code.split('\n', 1)[0]!);
    const world = this.#running(record.worldId);
    assert.equal(record.parentState, world.head, 'an execution starts at the head');
    const x = this.states.get(world.head) ?? null;
    const expected = this.#interpret(record.code, x, BigInt(record.balances['GOLD'] ?? '0'));
    const { ok, changed, value, effects } = record;
    assert.deepEqual({ ok, changed, value, effects }, expected.answer, `${world.name} ran ${record.code}`);
    if (record.state === null) return;
    this.states.set(record.state, expected.x);
    this.files.inherit(record.state, record.parentState);
    world.head = record.state;
    for (const effect of effects) {
      if (effect.kind === 'report') world.cost = effect.cost ?? null;
      else
        this.ledger.transfer(world.verse, {
          from: world.account,
          to: effect.to,
          amount: BigInt(effect.amount),
        });
    }
  }

  #moved(op: RecordOf<'ledger.applied'>['ledger'][number]): void {
    switch (op.kind) {
      case 'deposit':
        this.ledger.deposit(op.owner, BigInt(op.amount));
        return;
      case 'withdraw':
        this.ledger.withdraw(op.owner, BigInt(op.amount));
        return;
      case 'transfer': {
        const path = this.#paths.get(op.verse);
        assert(path !== undefined, `a transfer is in a known verse: ${op.verse}`);
        this.ledger.transfer(path, { from: op.from, to: op.to, amount: BigInt(op.amount) });
        return;
      }
      default:
        assert.fail(`only deposits, withdrawals and transfers come by themselves, not ${op.kind}`);
    }
  }

  #branched(record: RecordOf<'world.branched'>): void {
    const parent = this.world(record.parentId);
    assert(
      isLive(parent.status) && record.state === parent.head,
      'a branch starts at the head of a live world',
    );
    assertBalanced(record.children);
    for (const child of record.children) {
      assert(child.account === child.worldId && child.state === record.state, 'a child has its own account');
      this.#born(child, parent.verse);
    }
    this.#tag(record.children[0]!.name);
  }

  #pushedDown(record: RecordOf<'world.pushed-down'>): void {
    const parent = this.#running(record.parentId);
    assert.equal(record.state, parent.head, 'a push-down starts at the head');
    assertBalanced(record.children);
    const path = parent.verse;
    const steps = record.outcomes.map((_, index) => `${path}/${record.conditionId}:${index}`);
    const worlds = record.children.map((child, index) => this.#born(child, steps[index]!));
    assert(
      worlds.every(({ account }) => account === parent.account),
      'verses act for the parent’s account',
    );
    this.ledger.split(path, { owner: parent.account, into: steps });
    const probabilities = record.outcomes.map(({ probability }) => probability);
    this.#conditions.set(record.conditionId, { parent, path, worlds, probabilities });
    parent.status = 'snapshotted';
    parent.open = record.conditionId;
    this.#tag(record.outcomes[0]!.name);
  }

  #pulledUp(record: RecordOf<'world.pulled-up'>): void {
    const { parent, worlds, path } = this.#settled(record.conditionId, record.parentId);
    const winner = this.world(record.winnerId);
    assert(worlds.includes(winner) && winner.head === record.state, 'the winner’s head is adopted');
    assert(!this.#seeds.has(record.identity.seed), 'the parent has a seed of its own again');
    this.#seeds.add(record.identity.seed);
    for (const loser of worlds) if (loser !== winner) this.#collapse(loser.verse);
    for (const world of this.worlds.values()) {
      if (world === winner || !isLive(world.status) || !isInside(world.verse, winner.verse)) continue;
      assert.equal(world.verse, winner.verse, 'nothing deeper is open in the winner');
      world.verse = path;
    }
    this.ledger.merge(winner.verse, path);
    winner.status = 'stopped';
    parent.head = record.state;
    parent.generation += 1;
  }

  #voided(record: RecordOf<'world.voided'>): void {
    const { worlds, path, probabilities } = this.#settled(record.conditionId, record.parentId);
    const shares = worlds.map(({ verse }, index) => ({ verse, probability: probabilities[index]! }));
    this.ledger.payOut(shares, path);
    for (const { verse } of worlds) this.#collapse(verse);
  }

  #settled(conditionId: string, parentId: string): ExpectedCondition {
    const condition = this.#conditions.get(conditionId);
    assert(condition && condition.parent.id === parentId, 'a settled condition was opened');
    assert.equal(condition.parent.open, conditionId, 'and is settled once');
    condition.parent.open = null;
    condition.parent.status = 'running';
    return condition;
  }

  /** By verse, not by family: whoever lives where nothing can be any more. */
  #collapse(verse: string): void {
    this.ledger.evaporate(verse);
    for (const world of this.worlds.values()) {
      if (!isInside(world.verse, verse) || !isLive(world.status)) continue;
      world.status = 'collapsed';
      world.open = null;
    }
  }
}

function isLive(status: string): boolean {
  return status === 'running' || status === 'snapshotted';
}

function isInside(path: string, verse: string): boolean {
  return path === verse || path.startsWith(`${verse}/`);
}

function assertBalanced(children: readonly { identity: { trit: number } }[]): void {
  const sum = children.reduce((total, { identity }) => total + identity.trit, 0);
  assert.equal(Math.abs(sum % 3), 0, 'the trits of a branch sum to 0 mod 3');
}

function sorted(purses: Purses): [string, bigint][] {
  return [...purses].sort(([a], [b]) => (a < b ? -1 : 1));
}
