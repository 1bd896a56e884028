import { strict as assert } from 'node:assert';

/** `path owner` -> base units of GOLD; no zeros. */
export type Purses = Map<string, bigint>;

/** Owner of what rounding leaves over. */
const DUST = '@dust';
const ONE = 10n ** 18n;
const ATOMS_MAX = 64;

/** Balances in a tree of verses: paths of `condition:outcome` steps, the root being empty. */
export class TreeLedger {
  escrow = 0n;
  readonly #purses = new Map<string, Map<string, bigint>>();

  purses(): Purses {
    const all: Purses = new Map();
    for (const [path, owners] of this.#purses) {
      for (const [owner, amount] of owners) if (amount > 0n) all.set(`${path} ${owner}`, amount);
    }
    return all;
  }

  balance(path: string, owner: string): bigint {
    return this.#purses.get(path)?.get(owner) ?? 0n;
  }

  deposit(owner: string, amount: bigint): void {
    this.escrow += amount;
    this.#add('', owner, amount);
  }

  withdraw(owner: string, amount: bigint): void {
    this.escrow -= amount;
    this.#add('', owner, -amount);
  }

  transfer(path: string, { from, to, amount }: { from: string; to: string; amount: bigint }): void {
    this.#add(path, from, -amount);
    this.#add(path, to, amount);
  }

  split(path: string, { owner, into }: { owner: string; into: readonly string[] }): void {
    const amount = this.balance(path, owner);
    this.#add(path, owner, -amount);
    for (const child of into) this.#add(child, owner, amount);
  }

  merge(from: string, to: string): void {
    for (const [owner, amount] of this.#purses.get(from) ?? []) this.#add(to, owner, amount);
    this.#purses.delete(from);
  }

  payOut(shares: readonly { verse: string; probability: string }[], to: string): void {
    const totals = shares.map(({ verse }) => this.#total(verse));
    assert(new Set(totals).size === 1, 'every outcome holds the same in all');
    let paid = 0n;
    for (const { verse, probability } of shares) {
      for (const [owner, amount] of this.#purses.get(verse) ?? []) {
        const share = (amount * units(probability)) / ONE;
        paid += share;
        this.#add(to, owner, share);
      }
    }
    this.#add(to, DUST, totals[0]! - paid);
  }

  /** Nothing is left in a verse that cannot be any more. */
  evaporate(verse: string): void {
    for (const path of this.#purses.keys()) {
      if (path === verse || path.startsWith(`${verse}/`)) this.#purses.delete(path);
    }
  }

  /** On every atom (up to so many of them) all owners together have what is under escrow. */
  checkAtoms(): void {
    const conditions = new Map<string, Set<string>>();
    for (const path of this.#purses.keys()) {
      for (const step of path.split('/').slice(1)) {
        const [condition = '', outcome = ''] = step.split(':');
        conditions.set(condition, (conditions.get(condition) ?? new Set()).add(outcome));
      }
    }
    let atoms: ReadonlySet<string>[] = [new Set()];
    for (const [condition, outcomes] of conditions) {
      atoms = atoms.flatMap((atom) => [...outcomes].map((one) => new Set([...atom, `${condition}:${one}`])));
      atoms = atoms.slice(-ATOMS_MAX);
    }
    for (const atom of atoms) {
      let wealth = 0n;
      for (const path of this.#purses.keys()) {
        if (
          path
            .split('/')
            .slice(1)
            .every((step) => atom.has(step))
        )
          wealth += this.#total(path);
      }
      assert.equal(
        wealth,
        this.escrow,
        `wealth is the escrow if ${[...atom].join(' and ') || 'nothing is open'}`,
      );
    }
  }

  #total(path: string): bigint {
    return [...(this.#purses.get(path)?.values() ?? [])].reduce((sum, amount) => sum + amount, 0n);
  }

  #add(path: string, owner: string, amount: bigint): void {
    const after = this.balance(path, owner) + amount;
    assert(after >= 0n, `${owner} has enough in ${path || 'the root verse'}`);
    const owners = this.#purses.get(path) ?? new Map<string, bigint>();
    this.#purses.set(path, owners.set(owner, after));
  }
}

function units(probability: string): bigint {
  const [whole = '0', decimals = ''] = probability.split('.');
  return BigInt(whole) * ONE + BigInt(decimals.padEnd(18, '0'));
}
