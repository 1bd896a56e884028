import { createHash } from 'node:crypto';
import type { ConditionId, StateId, VerseId, WorldId } from '../../src/model/ids.js';
import { ID_PREFIXES, type IdKind, type IdTypes } from '../../src/model/ids.js';
import { DEFAULT_LIMITS } from '../../src/model/limits.js';
import { parseProbability } from '../../src/model/probability.js';
import type { Trit } from '../../src/model/trit.js';
import {
  COMPUTE_TOKEN,
  Ledger,
  type LedgerOp,
  planMarket,
  planMarketClose,
  planPullUp,
  planPushDown,
  planTrade,
  planVoid,
  ROOT_VERSE_ID,
  SYSTEM_ACCOUNT,
} from '../../src/multiverse/index.js';
import type {
  JournalEntry,
  JournalRecord,
  MetricsRecord,
  RecordOf,
  WorldBirth,
} from '../../src/ports/journal-record.js';

/** A handmade history that has every operation a journal can hold, with a ledger that adds up. */

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** Ids 1, 2, 3, ... of each kind: readable, and in order. */
export function idOf<K extends IdKind>(kind: K, number: number): IdTypes[K] {
  let text = '';
  for (let left = number; text.length < 26; left = Math.floor(left / 32))
    text = `${CROCKFORD[left % 32]}${text}`;
  return `${ID_PREFIXES[kind]}${text}` as IdTypes[K];
}

/** Times one second apart, with microseconds that must not get lost. */
export function timeOf(number: number): string {
  return `${new Date(Date.UTC(2026, 0, 1) + number * 1000).toISOString().slice(0, -1)}${String(number % 1000).padStart(3, '0')}Z`;
}

const DURABLE = { substrate: 'simulated', data: { key: 'k' } } as const;

/** Builds records one after the other and keeps the ledger they make. */
export class SampleHistory {
  readonly records: JournalRecord[] = [];
  readonly ledger = new Ledger();
  readonly #numbers = new Map<IdKind, number>();

  id<K extends IdKind>(kind: K): IdTypes[K] {
    const number = (this.#numbers.get(kind) ?? 0) + 1;
    this.#numbers.set(kind, number);
    return idOf(kind, number);
  }

  at(): string {
    return timeOf(this.records.length + 1);
  }

  add<R extends JournalRecord>(record: R): R {
    if ('ledger' in record) this.ledger.applyAll(record.ledger ?? []);
    this.records.push(record);
    return record;
  }

  birth(name: string, from: Partial<WorldBirth> & { trit?: Trit; verse?: string }): WorldBirth {
    const { trit = 0, verse = 'root', ...rest } = from;
    const worldId = this.id('world');
    return {
      worldId,
      name,
      entityType: 'sandbox',
      substrate: 'simulated',
      limits: DEFAULT_LIMITS,
      identity: {
        generation: 0,
        verse,
        trit,
        probability: '1',
        seed: '18446744073709551615',
        commonRandomNumbers: false,
      },
      parentId: null,
      snapshotId: null,
      state: rest.state ?? this.id('state'),
      baseDigest: 'base',
      verseId: ROOT_VERSE_ID,
      account: worldId,
      metadata: { note: `it's "${name}"` },
      ...rest,
    };
  }

  metrics(worldId: WorldId, measured: Partial<MetricsRecord>): MetricsRecord {
    return {
      metricId: this.id('metric'),
      worldId,
      bootTimeMs: null,
      snapshotTimeMs: null,
      branchTimeMs: null,
      memoryOverheadMb: null,
      ...measured,
    };
  }

  create(
    name: string,
    from: Partial<WorldBirth> & { trit?: Trit } = {},
    fork: RecordOf<'world.created'>['fork'] = null,
  ) {
    const world = this.birth(name, from);
    const metrics = [this.metrics(world.worldId, { bootTimeMs: 12.5, memoryOverheadMb: 1.25 })];
    return this.add({ op: 'world.created', at: this.at(), world, fork, metrics }).world;
  }

  execute(
    worldId: WorldId,
    parentState: StateId,
    ledger: LedgerOp[] = [],
    change: Partial<RecordOf<'world.executed'>> = {},
  ) {
    return this.add({
      op: 'world.executed',
      at: this.at(),
      worldId,
      executionId: this.id('execution'),
      parentState,
      state: this.id('state'),
      generation: 0,
      language: 'python',
      code: "print('héllo \u0000 𝔘')",
      clockNs: '1767225600000000000',
      balances: {},
      limits: DEFAULT_LIMITS,
      ok: true,
      changed: true,
      value: '42',
      stdout: 'héllo \u0000 𝔘\n',
      stderr: '',
      stdoutTruncated: false,
      stderrTruncated: false,
      error: null,
      effects: [{ kind: 'report', cost: '3/2' }],
      resultDigest: 'd1',
      runMs: 1.5,
      timeMs: 2.5,
      ledger,
      ...change,
    });
  }

  branch(parent: WorldBirth, state: StateId, trits: readonly Trit[]) {
    const children = trits.map((trit, index) =>
      this.birth(`${parent.name}-${index}`, {
        parentId: parent.worldId,
        state,
        trit,
        verseId: parent.verseId,
      }),
    );
    return this.add({
      op: 'world.branched',
      at: this.at(),
      branchId: this.id('branch'),
      parentId: parent.worldId,
      state,
      children,
      gf3Sum: 0,
      snapshotTimeMs: 0.5,
      metrics: children.map((child) => this.metrics(child.worldId, { branchTimeMs: 0.25 })),
    });
  }

  pushDown(parent: WorldBirth, state: StateId) {
    const conditionId = this.id('condition');
    const triad = [
      ['nash', -1, '0.45'],
      ['optimal', 0, '0.35'],
      ['chaos', 1, '0.2'],
    ] as const;
    const plan = planPushDown(this.ledger, {
      condition: conditionId,
      verse: parent.verseId,
      account: parent.account,
      outcomes: triad.map(([name, , probability]) => ({ name, probability: parseProbability(probability) })),
    });
    const children = triad.map(([name, trit], index) =>
      this.birth(`${parent.name}/${name}`, {
        parentId: parent.worldId,
        entityType: 'verse',
        account: parent.account,
        state,
        trit,
        verse: name,
        verseId: plan.children[index] as VerseId,
      }),
    );
    return this.add({
      op: 'world.pushed-down',
      at: this.at(),
      branchId: this.id('branch'),
      parentId: parent.worldId,
      state,
      children,
      gf3Sum: 0,
      snapshotTimeMs: 0.75,
      metrics: children.map((child) => this.metrics(child.worldId, { branchTimeMs: 0.25 })),
      conditionId,
      parentVerseId: parent.verseId,
      outcomes: triad.map(([name, , probability], index) => ({
        name,
        role: name === 'chaos' ? null : name,
        probability,
        verseId: plan.children[index] as VerseId,
        worldId: children[index]!.worldId,
      })),
      ledger: plan.ops,
    });
  }

  pullUp(
    down: RecordOf<'world.pushed-down'>,
    winner: number,
    more: { state: StateId; collapsed: WorldId[]; rehomed?: WorldId[] },
  ) {
    const parent = down.children[winner]!;
    return this.add({
      op: 'world.pulled-up',
      at: this.at(),
      resolutionId: this.id('resolution'),
      conditionId: down.conditionId,
      parentId: down.parentId,
      winnerId: parent.worldId,
      winnerOutcome: down.outcomes[winner]!.name,
      state: more.state,
      identity: { ...parent.identity, generation: 1, verse: 'root', trit: 0 },
      collapsed: more.collapsed,
      rehomed: more.rehomed ?? [],
      verses: down.children.map((child) => child.worldId),
      oracle: { source: 'manual', evidence: { by: 'hand' } },
      wev: {
        poa: '4/3',
        wev: '1/3',
        wevValue: '1/2',
        regret: '5/9',
        pctExtractable: '1/4',
        wevExpected: '17/72',
        losingBalances: { USD: '200' },
        unbounded: false,
        wevReason: null,
      },
      pullUpTimeMs: 3.5,
      ledger: planPullUp(this.ledger, {
        condition: down.conditionId,
        winner,
        source: 'manual',
        evidence: { by: 'hand' },
      }),
    });
  }

  void(down: RecordOf<'world.pushed-down'>, collapsed: WorldId[]) {
    const ledger = planVoid(this.ledger, { condition: down.conditionId as ConditionId });
    return this.add({
      op: 'world.voided',
      at: this.at(),
      conditionId: down.conditionId,
      parentId: down.parentId,
      collapsed,
      ledger,
    });
  }

  image(name: string) {
    return this.add({
      op: 'image.created',
      at: this.at(),
      imageId: this.id('image'),
      name,
      hash: 'cd'.repeat(32),
      substrate: 'wasm',
      engineDigest: 'engine',
      baseDigest: 'base',
      parts: [
        {
          kind: 'wheel',
          name: 'thing',
          version: '1.0',
          fileName: 'thing-1.0-py3-none-any.whl',
          sha256: 'ef'.repeat(32),
          sizeBytes: 1234,
        },
      ],
      preamble: null,
      preambleBytes: 0,
      sizeBytes: 4321,
      buildTimeMs: 2.5,
    });
  }

  deposit(owner: string, amount: string) {
    const op = { kind: 'deposit', by: '@system', owner, verse: ROOT_VERSE_ID, token: 'USD', amount } as const;
    return this.add({ op: 'ledger.applied', at: this.at(), ledger: [op] });
  }
}

/** Loans that are repaid, foreclosed and still run; a market with a trade; a condition settled by shares. */
function lendAndTrade(history: SampleHistory): void {
  const condition = history.id('condition') as ConditionId;
  const apply = (...ledger: LedgerOp[]) => history.add({ op: 'ledger.applied', at: history.at(), ledger });
  history.deposit('bank', '500');
  history.deposit('ann', '50');
  const outcomes = ['yes', 'no'];
  const probabilities = ['0.5', '0.5'];
  const common = { by: '@system', verse: ROOT_VERSE_ID, token: 'USD' };
  apply({ kind: 'openCondition', by: 'oracle', condition, verse: ROOT_VERSE_ID, outcomes, probabilities });
  const children = history.ledger.childVerses(condition);
  apply({ kind: 'split', ...common, owner: 'ann', children, amount: '40' });
  const [yes = ROOT_VERSE_ID] = children;
  const loan = {
    ...common,
    lender: 'bank',
    borrower: 'ann',
    amount: '9',
    collateralToken: 'USD',
    collateral: '5',
  };
  apply(
    { kind: 'split', ...common, owner: 'bank', children, amount: '60' },
    { kind: 'borrow', ...loan, loan: 'repaid' },
    { kind: 'borrow', ...loan, loan: 'foreclosed', owed: '10' },
    { kind: 'borrow', ...loan, loan: 'running', verse: yes },
    { kind: 'repay', by: 'ann', loan: 'repaid', amount: '9' },
    { kind: 'foreclose', by: '@system', loan: 'foreclosed' },
  );
  const market = planMarket(history.ledger, { condition, token: 'USD', liquidity: 100n, funder: 'bank' });
  apply(market);
  const order = { condition, side: 'buy', outcome: 0, shares: 7n, trader: 'bank' } as const;
  apply(...planTrade(history.ledger, order).ops);
  apply({ kind: 'redeem', by: 'oracle', condition, payouts: ['2', '1'], source: 'manual', evidence: {} });
  apply(...planMarketClose(history.ledger, condition));
}

/** Every operation at least once; worlds collapse, live on, are adopted, voided, rewound and deleted. */
export function sampleHistory(): SampleHistory {
  const history = new SampleHistory();
  const root = history.create('root');
  history.deposit(root.account, '1000');
  const first = history.execute(root.worldId, root.state);
  history.add({ op: 'state.rooted', at: history.at(), state: first.state as StateId, root: 'ab'.repeat(32) });
  const snapshotId = history.id('snapshot');
  history.add({
    op: 'snapshot.taken',
    at: history.at(),
    snapshotId,
    name: 'warm',
    worldId: root.worldId,
    state: first.state as StateId,
    durable: DURABLE,
    metrics: [history.metrics(root.worldId, { snapshotTimeMs: 4.5, memoryOverheadMb: 0.5 })],
  });
  const fork = { branchId: history.id('branch'), parentId: root.worldId };
  const common = { parentId: root.worldId, snapshotId, state: first.state as StateId };
  const left = history.create('left', { ...common, trit: -1 }, fork);
  const right = history.create('right', { ...common, trit: 1 }, fork);
  history.create('late', { ...common, trit: 1 }, fork);
  history.add({ op: 'state.persisted', at: history.at(), state: root.state, durable: DURABLE });
  const compute = {
    by: SYSTEM_ACCOUNT,
    owner: left.account,
    verse: ROOT_VERSE_ID,
    token: COMPUTE_TOKEN,
  };
  history.add({
    op: 'ledger.applied',
    at: history.at(),
    ledger: [{ ...compute, kind: 'deposit', amount: '5000' }],
  });
  history.add({
    op: 'execution.failed',
    at: history.at(),
    worldId: left.worldId,
    executionId: history.id('execution'),
    parentState: left.state,
    language: 'python',
    code: 'while True: pass',
    errorCode: 'EXECUTION_TIMEOUT',
    message: 'too slow',
    timeMs: 1000,
    ledger: [{ ...compute, kind: 'withdraw', amount: '1000' }],
  });
  history.execute(right.worldId, right.state, [], { state: null, ok: false, changed: false, effects: [] });
  history.branch(right, right.state, [-1, 0, 1]);
  const down = history.pushDown(root, first.state as StateId);
  const [nash, optimal, chaos] = down.children as [WorldBirth, WorldBirth, WorldBirth];
  const moved = history.execute(optimal.worldId, optimal.state, [
    {
      kind: 'transfer',
      by: root.account,
      from: root.account,
      to: 'shop',
      verse: optimal.verseId,
      token: 'USD',
      amount: '1',
    },
  ]);
  const nested = history.pushDown(chaos, chaos.state);
  const beside = history.branch(optimal, moved.state as StateId, [0]);
  const below = history.branch(nash, nash.state, [0]);
  history.add({ op: 'world.deleted', at: history.at(), worldId: below.children[0]!.worldId });
  history.pullUp(down, 1, {
    state: moved.state as StateId,
    collapsed: [
      ...nested.children.map((child) => child.worldId),
      below.children[0]!.worldId,
      nash.worldId,
      chaos.worldId,
    ],
    rehomed: [beside.children[0]!.worldId],
  });
  history.deposit(left.account, '7');
  const doubtful = history.pushDown(left, left.state);
  history.void(
    doubtful,
    doubtful.children.map((child) => child.worldId),
  );
  history.add({
    op: 'world.rewound',
    at: history.at(),
    worldId: root.worldId,
    from: moved.state as StateId,
    to: root.state,
  });
  history.add({
    op: 'world.files-edited',
    at: history.at(),
    worldId: root.worldId,
    parentState: root.state,
    state: history.id('state'),
    durable: DURABLE,
    changes: [
      { kind: 'written', path: '/home/pyodide/a.txt', sizeBytes: 3, sha256: 'cd'.repeat(32) },
      { kind: 'removed', path: '/home/pyodide/b' },
    ],
    timeMs: 2.5,
  });
  lendAndTrade(history);
  history.add({ op: 'world.renamed', at: history.at(), worldId: root.worldId, name: 'main' });
  const metadata = { note: 'né "1"', stage: 'two' };
  history.add({ op: 'world.tagged', at: history.at(), worldId: root.worldId, metadata });
  history.add({ op: 'snapshot.renamed', at: history.at(), snapshotId, name: 'warm-2' });
  const brief = history.id('snapshot');
  history.add({
    op: 'snapshot.taken',
    at: history.at(),
    snapshotId: brief,
    name: 'brief',
    worldId: root.worldId,
    state: root.state,
    durable: DURABLE,
    metrics: [],
  });
  history.add({ op: 'snapshot.removed', at: history.at(), snapshotId: brief, name: 'brief' });
  history.add({ op: 'world.deleted', at: history.at(), worldId: right.worldId });
  const image = history.image('tools');
  history.create('pictured', { image: { name: image.name, hash: image.hash } });
  const unused = history.image('unused');
  history.add({
    op: 'image.removed',
    at: history.at(),
    imageId: unused.imageId,
    name: unused.name,
    hash: unused.hash,
  });
  history.add({ op: 'states.forgotten', at: history.at(), states: [moved.state as StateId] });
  const past = history.birth('past', { state: moved.state as StateId });
  const { worldId } = root;
  const remade = {
    parentState: optimal.state,
    lastRun: { worldId, generation: 0 },
    durable: DURABLE,
    root: 'cd'.repeat(32),
  };
  history.add({
    op: 'world.replayed',
    at: history.at(),
    branchId: history.id('branch'),
    sourceId: worldId,
    world: past,
    remade,
    metrics: [history.metrics(past.worldId, { branchTimeMs: 3.5 })],
  });
  history.add({ op: 'worlds.forgotten', at: history.at(), worlds: [right.worldId as WorldId] });
  return history;
}

/** Records in their chain, as the journal would hand them out. */
export function chained(
  records: readonly JournalRecord[],
  startSeq = 1,
  startHash = '0'.repeat(64),
): JournalEntry[] {
  let prevHash = startHash;
  return records.map((record, index) => {
    const seq = startSeq + index;
    const place = Buffer.alloc(8);
    place.writeBigUInt64BE(BigInt(seq));
    const hash = createHash('sha256')
      .update(Buffer.from(prevHash, 'hex'))
      .update(place)
      .update(JSON.stringify(record))
      .digest('hex');
    const entry = { seq, prevHash, hash, record };
    prevHash = hash;
    return entry;
  });
}
