import { hash } from 'node:crypto';
import { PAGE_BYTES, type PageHash } from '../../ports/page-store.js';
import type { Wait } from '../../ports/substrate.js';
import type { HostProcess } from './host-process.js';
import { ProtocolError } from './run-call.js';

/** Pages asked for at once: 4 MiB. */
export const BATCH_PAGES = 1024;
export const ZERO_HASH: PageHash = hash('sha256', Buffer.alloc(PAGE_BYTES), 'hex');

/** The bytes of at most BATCH_PAGES slots, one behind the other. */
export async function readSlots(
  { host, wait }: { readonly host: HostProcess; readonly wait: Wait },
  slots: readonly number[],
): Promise<Buffer> {
  const message = (request: number) => ({ type: 'readPages', request }) as const;
  const words = new Uint8Array(Uint32Array.from(slots).buffer);
  const { binary } = await host.request('pages', message, { wait, binary: words });
  if (binary.length !== slots.length * PAGE_BYTES) {
    throw new ProtocolError(`the executor host sent ${binary.length} bytes for ${slots.length} pages`);
  }
  return binary;
}
