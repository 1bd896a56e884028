import { createHash } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorldId } from '../../../model/ids.js';
import { DEFAULT_LIMITS, type WorldLimits } from '../../../model/limits.js';
import { WorldError } from '../../../model/world-error.js';
import {
  type Collection,
  type ManifestWrite,
  PAGE_BYTES,
  type PageStore,
  type PageStoreUsage,
  type StoredManifest,
  type WriteResult,
} from '../../../ports/page-store.js';
import type {
  BranchIdentity,
  ExecuteRequest,
  ExecuteResult,
  Machine,
  OutputSink,
} from '../../../ports/substrate.js';
import { createWasmSubstrate, type WasmSubstrate, type WasmSubstrateOptions } from '../wasm-substrate.js';

/** A page store in memory that keeps the port's promises and counts what is written to it. */
export class MemoryPageStore implements PageStore {
  readonly pages = new Map<string, Uint8Array>();
  readonly manifests = new Map<string, Uint8Array>();
  readonly references = new Map<string, readonly string[]>();
  pagesWritten = 0;

  has(hash: string): boolean {
    return this.pages.has(hash);
  }

  async write(key: string, { manifest, references, pages }: ManifestWrite): Promise<WriteResult> {
    for (const { hash, bytes } of pages) {
      if (createHash('sha256').update(bytes).digest('hex') !== hash)
        throw new Error('a page with a wrong hash');
      this.pages.set(hash, Buffer.from(bytes));
      this.pagesWritten++;
    }
    const missing = references.filter((hash) => !this.pages.has(hash));
    if (missing.length > 0) return { missing };
    this.manifests.set(key, Buffer.from(manifest));
    this.references.set(key, references);
    return { missing };
  }

  async readManifest(key: string): Promise<StoredManifest> {
    const manifest = this.manifests.get(key);
    if (manifest === undefined) throw new WorldError('STATE_LOST', `no manifest ${key}`);
    return { manifest, references: this.references.get(key) ?? [] };
  }

  /** Removes manifests and the pages that no other one needs. */
  async beginCollection(): Promise<Collection> {
    const candidates = [...this.manifests.keys()];
    return {
      candidates,
      collect: async ({ live }) => {
        const dead = candidates.filter((key) => !live.has(key));
        for (const key of dead) {
          this.manifests.delete(key);
          this.references.delete(key);
        }
        const needed = new Set([...this.references.values()].flat());
        const removed = [...this.pages.keys()].filter((hash) => !needed.has(hash));
        for (const hash of removed) this.pages.delete(hash);
        const bytesFreed = removed.length * PAGE_BYTES;
        return {
          manifestsRemoved: dead.length,
          pagesRemoved: removed.length,
          packsDeleted: 0,
          packsRewritten: 0,
          bytesFreed,
        };
      },
    };
  }

  async usage(): Promise<PageStoreUsage> {
    const packBytes = this.pages.size * PAGE_BYTES;
    const pages = { packBytes, livePackBytes: packBytes, pages: this.pages.size, livePages: this.pages.size };
    return {
      manifests: this.manifests.size,
      manifestBytes: 0,
      packs: 0,
      ...pages,
      bytes: packBytes,
      liveBytes: packBytes,
    };
  }

  async readPages(hashes: readonly string[]): Promise<Uint8Array[]> {
    return hashes.map((hash) => {
      const bytes = this.pages.get(hash);
      if (bytes === undefined) throw new WorldError('PAGE_CORRUPT', `no page ${hash}`);
      return bytes;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

let shared: Promise<string> | null = null;

/** One cache folder for all tests of a process, so that the slow first start happens once. */
export function cacheFolder(): Promise<string> {
  shared ??= mkdtemp(join(tmpdir(), 'wasm-substrate-'));
  return shared;
}

export async function openSubstrate(options: Partial<WasmSubstrateOptions> = {}): Promise<WasmSubstrate> {
  const pageStore = options.pageStore ?? new MemoryPageStore();
  // Set by test/build-first.ts where there is no second wall.
  const allowWeakIsolation = process.env['WORLD_ALLOW_WEAK_ISOLATION'] === '1';
  return createWasmSubstrate({ pageStore, cacheDir: await cacheFolder(), allowWeakIsolation, ...options });
}

export function identityOf(number: number, change: Partial<BranchIdentity> = {}): BranchIdentity {
  return {
    worldId: WorldId.parse(`wld_${number.toString().padStart(26, '0')}`),
    generation: 0,
    verse: 'root',
    trit: 0,
    probability: '1',
    seed: BigInt(number) * 0x9e37_79b9n,
    commonRandomNumbers: false,
    ...change,
  };
}

export const SILENT: OutputSink = { write: () => undefined };
export const SPEC = { limits: DEFAULT_LIMITS };

export function request(code: string, limits: Partial<WorldLimits> = {}): ExecuteRequest {
  return {
    language: 'python',
    code,
    clockNs: 1_767_225_600_000_000_000n,
    balances: {},
    limits: { ...DEFAULT_LIMITS, ...limits },
  };
}

export function run(
  machine: Machine,
  code: string,
  limits: Partial<WorldLimits> = {},
): Promise<ExecuteResult> {
  return machine.execute(request(code, limits), SILENT, {});
}

/** The value of code that must succeed. */
export async function value(machine: Machine, code: string): Promise<string | null> {
  const result = await run(machine, code);
  if (!result.ok) throw new Error(`the code raised: ${result.error?.traceback}`);
  return result.value;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether a process of that id runs; one that ended but was not waited for does not count. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (let waited = 0; !(await condition()); waited += 20) {
    if (waited > ms) throw new Error(`still not so after ${ms} ms: ${String(condition)}`);
    await sleep(20);
  }
}
