import type { StateRef } from './state-ref.js';

/** The files of a state as they are reached from outside, without running anything in it. */

/** Most bytes of content in one read or one edit: larger files travel in parts. */
export const FILE_PART_BYTES = 4 * 1024 * 1024;
/** Most entries in one listing. */
export const LIST_ENTRIES_MAX = 10_000;
/** Most differences in one comparison of files. */
export const DIFFERENCES_MAX = 5_000;

export const FILE_KINDS = ['file', 'directory', 'symlink', 'device'] as const;
export type FileKind = (typeof FILE_KINDS)[number];

export interface FileEntry {
  /** Absolute: no `.`, `..`, doubled or trailing slash. */
  readonly path: string;
  readonly kind: FileKind;
  /** Of a file's content; 0 for everything else. */
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs: number;
  /** Where a symbolic link leads, as it was written. */
  readonly target?: string;
}

export interface ListRequest {
  /**
   * Absolute, or relative to the directory in which the world's code runs. Symbolic links on the way are followed; a last
   * one only if the path ends with a slash.
   */
  readonly path: string;
  /** Everything below, not only the next level. Symbolic links are shown and not followed. */
  readonly recursive: boolean;
  /** Only what comes after this path, in the order of the listing. */
  readonly after?: string;
  /** At most so many, at most LIST_ENTRIES_MAX. */
  readonly limit: number;
}

export interface FileListing {
  /** What the path itself names. */
  readonly entry: FileEntry;
  /** What is in it, if it is a directory, in ascending order of the paths. */
  readonly entries: readonly FileEntry[];
  /** More come after the last one. */
  readonly more: boolean;
}

export interface FileRange {
  readonly offset: number;
  /** At most FILE_PART_BYTES. */
  readonly length: number;
}

/** Part of a file's content: shorter than asked for only at its end. */
export interface FilePart {
  /** The file, symbolic links followed. */
  readonly entry: FileEntry;
  readonly bytes: Uint8Array;
}

/**
 * One change of the file tree. Directories on the way to a written or copied file are made. An existing file keeps its inode
 * when it is written: who has it open sees the new content. A removed file stays readable for who has it open.
 */
export type FileEdit =
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly bytes: Uint8Array;
      /** Behind what is there; otherwise instead of it. */
      readonly append: boolean;
      /** Permission bits of the file; default: those it has, 0o644 for a new one. */
      readonly mode?: number;
    }
  /** Makes the directory and those above it; one that is there stays. */
  | { readonly kind: 'directory'; readonly path: string }
  /** `recursive`: a directory with all that is in it; otherwise only an empty one. */
  | { readonly kind: 'remove'; readonly path: string; readonly recursive: boolean }
  /** `to` must not exist, or be a file to replace by a file. */
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  /** A file, link or directory with all that is in it, from the same state or from `source`; merges into a directory. */
  | { readonly kind: 'copy'; readonly path: string; readonly to: string; readonly source?: StateRef };

/** Where and how an edit may end up. */
export interface FileBounds {
  /** As in `WorldLimits`. */
  readonly fileBytes: number;
  readonly files: number;
}

/** What one edit did, with paths made absolute and links on the way followed. */
export interface FileChange {
  readonly path: string;
  /** Size of a file afterwards. */
  readonly sizeBytes?: number;
}

export interface EditedFiles {
  readonly state: StateRef;
  /** One for each edit, in order. */
  readonly changes: readonly FileChange[];
}

/** What one path names in two states that differ there. Times do not make a difference. */
export interface FileDifference {
  readonly path: string;
  /** Null: there is nothing. */
  readonly before: FileEntry | null;
  readonly after: FileEntry | null;
  /** Two regular files have different bytes. Otherwise kind, mode, link target or device differ, or one is missing. */
  readonly content: boolean;
}

export interface CompareFilesRequest {
  /** Only what comes after this path. */
  readonly after?: string;
  /** At most so many, at most DIFFERENCES_MAX. */
  readonly limit: number;
}

export interface FileComparison {
  /** In ascending order of the paths. */
  readonly differences: readonly FileDifference[];
  /** More come after the last one. */
  readonly more: boolean;
}

/** How much of two states' memory differs. */
export interface StateComparison {
  readonly pagesDiffering: number;
  /** Pages of the larger one. */
  readonly pagesTotal: number;
}
