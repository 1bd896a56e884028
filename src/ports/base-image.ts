/** SHA-256 hex over everything that determines an image: engine, packages in order, wheels in order, preamble. */
export type ImageHash = string;

/** A bound on every wait, as the substrate's port has it. */
interface Bound {
  readonly signal?: AbortSignal;
}

/** What a user gives to make an image. */
export interface ImageInput {
  /** Code that runs once, before the base state is taken: what it leaves in `__main__`, every world has. */
  readonly preamble: string | null;
  /** In the order in which they are installed. */
  readonly wheels: readonly { readonly fileName: string; readonly bytes: Uint8Array }[];
  /** Names of packages of the engine's own distribution; their dependencies come with them. */
  readonly packages: readonly string[];
  /** Folder on this machine with files of that distribution, instead of its download address. */
  readonly packageDir: string | null;
}

/** One installed file of an image: a wheel, or an archive of shared libraries. */
export interface ImagePart {
  readonly kind: 'package' | 'wheel';
  readonly name: string;
  readonly version: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** An image whose inputs are checked and stored: it can be built at any time on this machine. */
export interface PreparedImage {
  readonly hash: ImageHash;
  readonly engineDigest: string;
  /** In the order in which they are installed and their libraries are loaded. */
  readonly parts: readonly ImagePart[];
  /** SHA-256 of the preamble's UTF-8, or null. */
  readonly preamble: string | null;
  readonly preambleBytes: number;
  /** Unpacked, bytes. */
  readonly sizeBytes: number;
  readonly warnings: readonly string[];
}

export type ImageProgress = (progress: { done: number; total: number; what: string }) => void;

/** A substrate's base images beside its own. */
export interface BaseImages {
  /**
   * Checks the inputs, gets the packages and stores everything durably.
   *
   * @throws WHEEL_INVALID, WHEEL_UNSUPPORTED, PACKAGE_NOT_FOUND, PACKAGE_UNAVAILABLE, IMAGE_TOO_LARGE, STORAGE_FAILED
   */
  prepare(input: ImageInput, wait: Bound, onProgress?: ImageProgress): Promise<PreparedImage>;
  /**
   * Builds the image unless it is built, and answers its base digest. An aborted signal ends the build.
   *
   * @throws IMAGE_BUILD_FAILED, IMAGE_NOT_FOUND, IMAGE_DAMAGED, IMAGE_MISMATCH
   */
  build(hash: ImageHash, wait: Bound): Promise<string>;
  /** Ends what runs on other images than these, and removes their files. */
  keepOnly(live: ReadonlySet<ImageHash>): Promise<void>;
}

/** Where the inputs of images are kept. */
export interface ImageStore {
  /** Stores bytes under their SHA-256, durably. Storing the same again does nothing. */
  putFile(bytes: Uint8Array): Promise<string>;
  /** @throws IMAGE_DAMAGED when it is missing or not what was stored. */
  readFile(sha256: string): Promise<Uint8Array>;
  /** Stores what an image consists of, durably. Its files must be stored before. */
  putManifest(hash: ImageHash, manifest: Uint8Array): Promise<void>;
  /** Null when there is none. */
  readManifest(hash: ImageHash): Promise<Uint8Array | null>;
  /** Hashes of all manifests. */
  list(): Promise<ImageHash[]>;
  removeManifest(hash: ImageHash): Promise<void>;
  /** Removes every file that is not among these. */
  keepFiles(live: ReadonlySet<string>): Promise<void>;
}
