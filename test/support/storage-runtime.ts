import type { CheckpointPace } from '../../src/runtime/checkpoints.js';
import { closeRuntime, openRuntime } from '../../src/runtime/open-runtime.js';
import type { RuntimeContext } from '../../src/runtime/runtime-context.js';
import type { RetentionSettings } from '../../src/runtime/upkeep-contract.js';
import { openStorage, type Storage } from '../../src/storage/index.js';
import { createSimulatedSubstrate, NO_FAULTS } from '../../src/substrates/simulated/index.js';
import { FaultyFiles } from '../property/storage-faulty-files.js';
import type { TestDisk } from './test-runtime.js';

export interface StorageRuntime {
  readonly context: RuntimeContext;
  readonly storage: Storage;
  /** What opening and the work behind the verbs had to tell. */
  readonly notes: readonly string[];
  readonly fileOps: FaultyFiles;
  close(): Promise<void>;
  /** The disk stops taking anything, and the process ends. */
  crash(): Promise<void>;
}

export interface StorageRuntimeOptions {
  readonly segmentBytes?: number;
  readonly checkpointPace?: Partial<CheckpointPace>;
  readonly retention?: Partial<RetentionSettings>;
}

/** A runtime over a real data directory and the simulated substrate, whose durable states are in `disk`. */
export async function openStorageRuntime(
  root: string,
  disk: Pick<TestDisk, 'archive' | 'clock' | 'entropy' | 'ids'>,
  options: StorageRuntimeOptions = {},
): Promise<StorageRuntime> {
  const fileOps = new FaultyFiles();
  const { segmentBytes, checkpointPace, retention } = options;
  const storage = await openStorage(root, {
    fileOps,
    waitMs: 0,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  const notes = [...storage.notes];
  const { archive, clock, entropy, ids } = disk;
  const substrate = createSimulatedSubstrate({ clock, archive, faults: NO_FAULTS, roots: true });
  const context = await openRuntime({
    journal: storage.journal,
    catalog: storage.catalog,
    checkpoints: storage.checkpoints,
    ...(checkpointPace ? { checkpointPace } : {}),
    ...(retention ? { retention } : {}),
    note: (text) => void notes.push(text),
    clock,
    entropy,
    ids,
    substrates: new Map([['simulated', substrate]]),
    defaultSubstrate: 'simulated',
    currentWorld: storage.currentWorld,
  }).catch(async (thrown: unknown) => {
    await storage[Symbol.asyncDispose]();
    throw thrown;
  });
  return {
    context,
    storage,
    notes,
    fileOps,
    async close() {
      await closeRuntime(context);
      await storage[Symbol.asyncDispose]();
    },
    async crash() {
      fileOps.fault = ({ call }) =>
        call === 'read' || call === 'open' ? null : { kind: 'error', code: 'EIO' };
      await closeRuntime(context).catch(() => {});
      await Promise.resolve(storage[Symbol.asyncDispose]()).catch(() => {});
    },
  };
}
