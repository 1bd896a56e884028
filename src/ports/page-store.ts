/** Durable, content-addressed storage of pages and of the manifests that name them. */

/** Bytes in a page. */
export const PAGE_BYTES = 4096;

/** SHA-256 of a page's content, 64 lower-case hex digits. */
export type PageHash = string;

export interface PageStore extends AsyncDisposable {
  has(hash: PageHash): boolean;
  /**
   * Stores pages and then the manifest that needs them, atomically: after a crash either the manifest reads
   * back with all its pages or it does not exist. Pages already stored cost nothing. Resolves after fsync.
   *
   * @param key file-name safe, unique; an existing manifest of that key is replaced.
   * @param manifest opaque bytes; stored with a checksum.
   * @param pages each exactly PAGE_BYTES long; the store computes nothing from `hash` it did not verify.
   * @throws STORAGE_FAILED (disk full, read-only, ...): nothing half-written is visible.
   */
  write(
    key: string,
    manifest: Uint8Array,
    pages: Iterable<{ readonly hash: PageHash; readonly bytes: Uint8Array }>,
  ): Promise<void>;
  /** @throws STATE_LOST when there is none, PAGE_CORRUPT when its checksum fails. */
  readManifest(key: string): Promise<Uint8Array>;
  /** In the order asked for. @throws PAGE_CORRUPT naming every missing or damaged page. */
  readPages(hashes: readonly PageHash[]): Promise<Uint8Array[]>;
}
