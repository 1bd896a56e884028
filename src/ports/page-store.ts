/** Durable, content-addressed storage of pages and of the manifests that name them. */

/** Bytes in a page. */
export const PAGE_BYTES = 4096;

/** SHA-256 of a page's content, 64 lower-case hex digits. */
export type PageHash = string;

/** A page to store. */
export interface PageWrite {
  readonly hash: PageHash;
  /** Exactly PAGE_BYTES long. */
  readonly bytes: Uint8Array;
  /** A page that probably differs little: the store may keep only the difference. It need not be stored. */
  readonly base?: PageHash;
}

export interface ManifestWrite {
  /** Opaque bytes; stored with a checksum. */
  readonly manifest: Uint8Array;
  /** Every page that the manifest needs, those of zeros may be left out. They are kept as long as the manifest. */
  readonly references: readonly PageHash[];
  /** Pages that the store may lack. */
  readonly pages: Iterable<PageWrite>;
  /** Key of a manifest that probably differs little: the store may keep only the difference. */
  readonly basedOn?: string;
}

export interface WriteResult {
  /**
   * References that are neither stored nor among the pages given: a collection took them since the caller asked.
   * When there are any, nothing was written: write again with these pages too.
   */
  readonly missing: readonly PageHash[];
}

export interface StoredManifest {
  readonly manifest: Uint8Array;
  readonly references: readonly PageHash[];
}

export interface PageStore extends AsyncDisposable {
  /** Whether the page can be read, as far as is known without reading it. */
  has(hash: PageHash): boolean;
  /**
   * Stores pages and then the manifest that needs them, atomically: after a crash either the manifest reads
   * back with all its pages or it does not exist. Pages already stored cost nothing. Resolves after fsync.
   * The store computes nothing from a page's hash that it did not verify.
   *
   * @param key file-name safe, unique; an existing manifest of that key is replaced.
   * @throws STORAGE_FAILED (disk full, read-only, ...): nothing half-written is visible.
   */
  write(key: string, write: ManifestWrite): Promise<WriteResult>;
  /** @throws STATE_LOST when there is none, PAGE_CORRUPT when its checksum fails. */
  readManifest(key: string): Promise<StoredManifest>;
  /** In the order asked for. @throws PAGE_CORRUPT naming every missing or damaged page and the manifests it is needed by. */
  readPages(hashes: readonly PageHash[]): Promise<Uint8Array[]>;
  /**
   * Begins a collection: lists every manifest there is. What is written or written again from now on survives it,
   * so that the caller can find out meanwhile which of the candidates are still wanted.
   */
  beginCollection(): Promise<Collection>;
  /** What is stored. Reads every manifest to say what of it is live. */
  usage(): Promise<PageStoreUsage>;
}

/** One pass that removes what nobody needs. At most one works at a time; a newer one makes an older one refuse. */
export interface Collection {
  /** Keys of the manifests there were at its beginning. */
  readonly candidates: readonly string[];
  /**
   * Removes the candidates that are not in `live` and were not written again since, then every page that no manifest
   * needs. Works in small steps beside reads and writes. Interrupted by `signal` or a crash it has lost nothing, and
   * a later collection completes it.
   *
   * @throws INTERRUPTED by the signal's abort, STORAGE_FAILED.
   */
  collect(options: CollectOptions): Promise<CollectionResult>;
}

export interface CollectOptions {
  readonly live: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CollectionProgress) => void;
}

export interface CollectionProgress {
  readonly step: 'removing manifests' | 'marking pages' | 'reclaiming packs';
  readonly done: number;
  readonly total: number;
}

export interface CollectionResult {
  readonly manifestsRemoved: number;
  readonly pagesRemoved: number;
  /** Packs deleted as a whole, and packs whose live pages were copied to others first. */
  readonly packsDeleted: number;
  readonly packsRewritten: number;
  /** By how much packs and manifests shrank together. */
  readonly bytesFreed: number;
}

export interface PageStoreUsage {
  readonly manifests: number;
  readonly manifestBytes: number;
  readonly packs: number;
  /** All bytes of the packs, and those of pages that a manifest needs. */
  readonly packBytes: number;
  readonly livePackBytes: number;
  readonly pages: number;
  readonly livePages: number;
  /** Packs and manifests together. */
  readonly bytes: number;
  readonly liveBytes: number;
}
