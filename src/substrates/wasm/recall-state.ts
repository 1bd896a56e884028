import { z } from 'zod';
import { WorldError } from '../../model/world-error.js';
import type { ImageHash } from '../../ports/base-image.js';
import { PAGE_BYTES, type PageHash, type PageStore } from '../../ports/page-store.js';
import type { DurableState, Wait } from '../../ports/substrate.js';
import type { StateFacts, WireFileNode, WireFileTree } from './host/wire.js';
import type { HostProcess } from './host-process.js';
import { endOnProtocolError } from './persist-state.js';
import { BATCH_PAGES } from './read-slots.js';
import { ProtocolError } from './run-call.js';
import type { SlotHashes } from './slot-hashes.js';
import { decodeManifest, rootOf, type StateManifest } from './state-manifest.js';

const DurableData = z.strictObject({
  version: z.literal(1),
  key: z.string(),
  root: z.string(),
  baseDigest: z.string(),
  engineDigest: z.string(),
  image: z.string().optional(),
  /** Its root (ports/state-ref.ts), where it was known. */
  stateRoot: z.string().optional(),
});

/** The image that a durable state stands on; null: the standard library. */
export function imageOf(durable: DurableState): ImageHash | null {
  return DurableData.safeParse(durable.data).data?.image ?? null;
}

/** Key of its manifest. @throws BAD_INPUT */
export function durableKey(durable: DurableState): string {
  return parseDurable(durable).key;
}

function parseDurable(durable: DurableState): z.infer<typeof DurableData> {
  const parsed = DurableData.safeParse(durable.data);
  if (parsed.success && durable.substrate === 'wasm') return parsed.data;
  throw new WorldError('BAD_INPUT', 'this is not a durable state of the wasm substrate', {
    cause: parsed.error,
  });
}

/** @throws IMAGE_MISMATCH, PAGE_CORRUPT, STATE_LOST, BAD_INPUT. */
export async function readDurable(
  durable: DurableState,
  pageStore: PageStore,
  baseDigest: string,
): Promise<{ readonly manifest: StateManifest; readonly key: string; readonly root: string | null }> {
  const data = parseDurable(durable);
  const stored = await pageStore.readManifest(data.key);
  if (rootOf(stored.manifest, stored.references) !== data.root) {
    throw new WorldError('PAGE_CORRUPT', `the manifest ${data.key} is not the one that was written`);
  }
  const manifest = decodeManifest(Buffer.from(stored.manifest), stored.references);
  if (manifest.baseDigest !== baseDigest) {
    const text =
      `the state was made on base image ${manifest.baseDigest.slice(0, 12)}, but here that is ${baseDigest.slice(0, 12)}: use the ` +
      'engine and guest files of the version that wrote it';
    throw new WorldError('IMAGE_MISMATCH', text, {
      details: { wanted: manifest.baseDigest, have: baseDigest },
    });
  }
  return { manifest, key: data.key, root: data.stateRoot ?? null };
}

export interface RecallOptions {
  readonly host: HostProcess;
  readonly manifest: StateManifest;
  /** Handle under which the host is to keep the state. */
  readonly state: number;
  readonly known: SlotHashes;
  readonly pageStore: PageStore;
  readonly wait: Wait;
}

/** Slots of the pages that the host still has; it holds them for the session. */
async function adopt(options: RecallOptions, session: number): Promise<Map<PageHash, number>> {
  const { host, manifest, known, wait } = options;
  const candidates = manifest.hashes.flatMap((pageHash) => {
    const found = known.find(pageHash);
    return found === null ? [] : [{ pageHash, ...found }];
  });
  const slots = new Map<PageHash, number>();
  if (candidates.length === 0) return slots;
  const words = Uint32Array.from(candidates.flatMap(({ slot, epoch }) => [slot, epoch]));
  const message = (request: number) => ({ type: 'adopt', request, session }) as const;
  const { binary } = await host.request('adopted', message, { wait, binary: new Uint8Array(words.buffer) });
  if (binary.length !== candidates.length) throw new ProtocolError('adopt was answered with a wrong length');
  candidates.forEach(({ pageHash, slot }, i) => {
    if (binary[i] === 1) slots.set(pageHash, slot);
  });
  return slots;
}

async function upload(options: RecallOptions, session: number, slots: Map<PageHash, number>): Promise<void> {
  const { host, manifest, known, pageStore, wait } = options;
  const missing = manifest.hashes.filter((pageHash) => !slots.has(pageHash));
  for (let start = 0; start < missing.length; start += BATCH_PAGES) {
    const batch = missing.slice(start, start + BATCH_PAGES);
    const bytes = Buffer.concat(await pageStore.readPages(batch));
    if (bytes.length !== batch.length * PAGE_BYTES) {
      throw new WorldError('PAGE_CORRUPT', 'the page store answered with pages of a wrong length');
    }
    const message = (request: number) => ({ type: 'upload', request, session }) as const;
    const { binary } = await host.request('uploaded', message, { wait, binary: bytes });
    if (binary.length !== batch.length * 8)
      throw new ProtocolError('upload was answered with a wrong length');
    batch.forEach((pageHash, i) => {
      const slot = binary.readUInt32LE(i * 8);
      if (slot === 0 || slot > 0x7fff_ffff) throw new ProtocolError(`a page was put into slot ${slot}`);
      slots.set(pageHash, slot);
      known.set(slot, binary.readUInt32LE(i * 8 + 4), pageHash);
    });
  }
}

/** Brings the state into the host's memory. Pages that the host still has are not sent again. */
export async function recallState(options: RecallOptions): Promise<StateFacts> {
  const { host, manifest, state, wait } = options;
  const session = host.nextId();
  try {
    return await endOnProtocolError(host, async () => {
      const slots = await adopt(options, session);
      await upload(options, session, slots);
      const slotOf = (reference: number): number => {
        if (reference === 0) return 0;
        return slots.get(manifest.hashes[reference - 1] ?? '') ?? 0;
      };
      const change = (node: WireFileNode): WireFileNode =>
        node.pages === undefined ? node : { ...node, pages: node.pages.map(slotOf) };
      const files: WireFileTree = {
        nodes: manifest.files.nodes.map(change),
        orphans: manifest.files.orphans.map(change),
        nextIno: manifest.files.nextIno,
      };
      const words = Uint32Array.from(
        manifest.pages.flatMap(({ page, reference }) => [page, slotOf(reference)]),
      );
      const { registers } = manifest;
      const { message } = await host.request(
        'built',
        (request) => ({ type: 'build', request, session, state, registers, files }),
        { wait, binary: new Uint8Array(words.buffer) },
      );
      return message.facts;
    });
  } finally {
    host.send({ type: 'endSession', session });
  }
}
