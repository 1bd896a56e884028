import type { FileChange, FileDifference, FileEntry } from '../../../ports/files.js';
import type { BranchIdentity } from '../../../ports/substrate.js';
import type { FileNode, FileTree, OpenFile, Registers, RunOutcome } from '../executor/executor-contract.js';

/**
 * What the control process and the executor host say to each other: the JSON part of each frame. 64-bit
 * integers travel as decimal text. The control process chooses all handles (states, runs, requests,
 * sessions), so the host cannot name anything it was not told of.
 */

/** The handle of the base state. */
export const BASE_STATE = 0;

export interface WireRegisters {
  readonly stackPointer: number;
  readonly heapTop: number;
  readonly clockNs: string;
  readonly entropySeed: string;
  readonly entropyDrawn: string;
  readonly cwd: string;
  readonly umask: number;
  readonly openFiles: readonly OpenFile[];
}

/** A file node whose content is the base image's, byte for byte, names that file instead of its pages. */
export interface WireFileNode extends FileNode {
  readonly baseIno?: number;
}

export interface WireFileTree {
  readonly nodes: readonly WireFileNode[];
  readonly orphans: readonly WireFileNode[];
  readonly nextIno: number;
}

export type WireIdentity = Omit<BranchIdentity, 'seed'> & { readonly seed: string };

/** Measured facts about a committed state. */
export interface StateFacts {
  /** Guest memory in use, bytes. */
  readonly memoryBytes: number;
  /** Bytes of pages and file contents that it does not share with the state it came from. */
  readonly ownBytes: number;
  /** Bookkeeping it does not share with the state it came from, bytes. */
  readonly overheadBytes: number;
  /** Names it by its content, 64 hex digits; null when nothing has run since it was made in another way. */
  readonly root: string | null;
}

export interface StartMessage {
  readonly type: 'start';
  readonly workers: number;
  readonly slabBudgetBytes: number;
  /** Which idle worker takes a run: the one with least to load, or, to test loading, with most. */
  readonly schedule: 'nearest' | 'farthest';
  /** Length of the image bundle that follows in parts; 0: none does; null: the base is the standard library alone. */
  readonly imageBytes: number | null;
}

/** Binary: the code in UTF-8, which as JSON might be six times as long. */
export interface RunMessage {
  readonly type: 'run';
  readonly run: number;
  readonly from: number;
  /** Handle of the state that a commit of this run makes. */
  readonly to: number;
  readonly clockNs: string;
  readonly rekey: WireIdentity | null;
  readonly balances: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  readonly fileBytes: number;
  readonly files: number;
  readonly openFiles: number;
  readonly cpuMs: number;
}

export interface BuildMessage {
  readonly type: 'build';
  readonly request: number;
  readonly session: number;
  readonly state: number;
  readonly registers: WireRegisters;
  readonly files: WireFileTree;
}

export type WireFileEntry = FileEntry;
export type WireFileChange = FileChange;
export type WireFileDifference = FileDifference;

/** As `FileEdit`, with contents by their lengths in the binary part and states by their handles. */
export type WireFileEdit =
  | {
      readonly kind: 'write';
      readonly path: string;
      readonly bytes: number;
      readonly append: boolean;
      readonly mode?: number;
    }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'remove'; readonly path: string; readonly recursive: boolean }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'copy'; readonly path: string; readonly to: string; readonly source: number | null };

/** Binary: the contents of all writes, one after the other. */
export interface EditFilesMessage {
  readonly type: 'editFiles';
  readonly request: number;
  readonly state: number;
  /** Handle of the state that it makes. */
  readonly to: number;
  readonly edits: readonly WireFileEdit[];
  readonly clockNs: string;
  readonly fileBytes: number;
  readonly files: number;
}

export type FileMessage =
  | {
      readonly type: 'listFiles';
      readonly request: number;
      readonly state: number;
      readonly path: string;
      readonly recursive: boolean;
      readonly after: string | null;
      readonly limit: number;
    }
  | {
      readonly type: 'readFile';
      readonly request: number;
      readonly state: number;
      readonly path: string;
      readonly offset: number;
      readonly length: number;
    }
  | EditFilesMessage
  | {
      readonly type: 'compareFiles';
      readonly request: number;
      readonly state: number;
      readonly with: number;
      readonly after: string | null;
      readonly limit: number;
    }
  | { readonly type: 'compare'; readonly request: number; readonly state: number; readonly with: number };

export type ControlMessage =
  | StartMessage
  /** Binary: the bytes of the image bundle at `offset`, in order. */
  | { readonly type: 'imagePart'; readonly offset: number }
  | RunMessage
  /** Ends a run softly: unqueues it, or raises KeyboardInterrupt in it until it ends. */
  | { readonly type: 'interrupt'; readonly run: number }
  /** Ends a run with its worker. */
  | { readonly type: 'terminate'; readonly run: number }
  | { readonly type: 'discard'; readonly states: readonly number[] }
  | { readonly type: 'describe'; readonly request: number; readonly state: number }
  /** Binary: u32 slots. Answered with their bytes. */
  | { readonly type: 'readPages'; readonly request: number }
  /** Binary: u32 (slot, epoch) pairs. Answered with one byte each: 1 when it still holds that content. */
  | { readonly type: 'adopt'; readonly request: number; readonly session: number }
  /** Binary: whole pages. Answered with their u32 slots. */
  | { readonly type: 'upload'; readonly request: number; readonly session: number }
  /** Binary: u32 (page, slot) pairs relative to the base. Makes a state of what the session holds. */
  | BuildMessage
  | { readonly type: 'endSession'; readonly session: number }
  | FileMessage
  | { readonly type: 'stats'; readonly request: number };

/** Why a run, or the commit after it, came to nothing. */
export type RunFailure = 'cancelled' | 'terminated' | 'engine' | 'budget' | 'queueFull' | 'unknownState';

export interface HostStats {
  readonly workers: number;
  readonly idle: number;
  readonly replaced: number;
  readonly queued: number;
  readonly states: number;
  readonly slotsUsed: number;
  readonly slotsBudget: number;
  /** Runs whose worker last held a state of another lineage, and all runs. */
  readonly foreignLoads: number;
  readonly loads: number;
  /** Workers that compare only pages which the kernel says were written. */
  readonly trackingWrites: number;
}

/** Why a request came to nothing. */
export const REFUSAL_REASONS = [
  'unknownState',
  'budget',
  'files',
  'invalid',
  'fileNotFound',
  'fileConflict',
  'fileProtected',
  'fileLimit',
] as const;
export type RefusalReason = (typeof REFUSAL_REASONS)[number];

export type HostMessage =
  | { readonly type: 'ready'; readonly baseDigest: string; readonly base: StateFacts }
  /** Binary: bytes at `offset` of the startup snapshot it has made. */
  | { readonly type: 'startupPart'; readonly offset: number; readonly totalBytes: number }
  | { readonly type: 'started'; readonly run: number }
  /** It used more processor time than it may; the control process decides what follows. */
  | { readonly type: 'overCpu'; readonly run: number }
  | {
      readonly type: 'output';
      readonly run: number;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  | { readonly type: 'ran'; readonly run: number; readonly outcome: RunOutcome }
  | {
      readonly type: 'committed';
      readonly run: number;
      readonly facts: StateFacts;
      /** Slots in use, about: what nobody holds and was not collected yet left out. */
      readonly slotsUsed: number;
    }
  | { readonly type: 'failed'; readonly run: number; readonly reason: RunFailure; readonly message: string }
  | { readonly type: 'pages'; readonly request: number }
  /** Binary: u32 count, (page, slot, the base's slot) triples, u32 count, (slot, epoch) pairs. */
  | {
      readonly type: 'described';
      readonly request: number;
      readonly registers: WireRegisters;
      readonly files: WireFileTree;
    }
  | { readonly type: 'adopted'; readonly request: number }
  /** Binary: u32 (slot, epoch) pairs. */
  | { readonly type: 'uploaded'; readonly request: number }
  | { readonly type: 'built'; readonly request: number; readonly facts: StateFacts }
  | {
      readonly type: 'listed';
      readonly request: number;
      readonly entry: WireFileEntry;
      readonly entries: readonly WireFileEntry[];
      readonly more: boolean;
    }
  /** Binary: the bytes. */
  | { readonly type: 'filePart'; readonly request: number; readonly entry: WireFileEntry }
  | {
      readonly type: 'edited';
      readonly request: number;
      readonly facts: StateFacts;
      readonly changes: readonly WireFileChange[];
    }
  | {
      readonly type: 'filesCompared';
      readonly request: number;
      readonly differences: readonly WireFileDifference[];
      readonly more: boolean;
    }
  | {
      readonly type: 'compared';
      readonly request: number;
      readonly differing: number;
      readonly total: number;
    }
  | { readonly type: 'stats'; readonly request: number; readonly stats: HostStats }
  | {
      readonly type: 'refused';
      readonly request: number;
      readonly reason: RefusalReason;
      readonly message: string;
    }
  /** The host cannot go on; it exits after this. `image`: because the image cannot be built. */
  | { readonly type: 'fatal'; readonly message: string; readonly image: boolean };

export function registersToWire(registers: Registers): WireRegisters {
  return {
    ...registers,
    clockNs: registers.clockNs.toString(),
    entropySeed: registers.entropySeed.toString(),
    entropyDrawn: registers.entropyDrawn.toString(),
  };
}

export function registersFromWire(wire: WireRegisters): Registers {
  return {
    ...wire,
    clockNs: BigInt(wire.clockNs),
    entropySeed: BigInt(wire.entropySeed),
    entropyDrawn: BigInt(wire.entropyDrawn),
  };
}

function sameContent(a: FileNode, b: FileNode): boolean {
  if (a.sizeBytes !== b.sizeBytes || a.pages === undefined || b.pages === undefined) return false;
  return a.pages.length === b.pages.length && a.pages.every((slot, i) => slot === b.pages?.[i]);
}

/** Contents shared with the base are named by the base file's inode instead of by pages. */
export function filesToWire(files: FileTree, base: FileTree): WireFileTree {
  const baseByIno = new Map(base.nodes.map((node) => [node.ino, node]));
  const toWire = (node: FileNode): WireFileNode => {
    const origin = baseByIno.get(node.ino);
    if (origin === undefined || !sameContent(node, origin)) return node;
    const { pages: _pages, sizeBytes: _sizeBytes, ...rest } = node;
    return { ...rest, baseIno: origin.ino };
  };
  return { nodes: files.nodes.map(toWire), orphans: files.orphans.map(toWire), nextIno: files.nextIno };
}

/** @throws RangeError when a node names a file that the base does not have. */
export function filesFromWire(wire: WireFileTree, base: FileTree): FileTree {
  const baseByIno = new Map(base.nodes.map((node) => [node.ino, node]));
  const fromWire = (node: WireFileNode): FileNode => {
    const { baseIno, ...rest } = node;
    if (baseIno === undefined) return rest;
    const origin = baseByIno.get(baseIno);
    if (origin?.pages === undefined || origin.sizeBytes === undefined) {
      throw new RangeError(`the base image has no file with inode ${baseIno}`);
    }
    return { ...rest, sizeBytes: origin.sizeBytes, pages: origin.pages };
  };
  return { nodes: wire.nodes.map(fromWire), orphans: wire.orphans.map(fromWire), nextIno: wire.nextIno };
}
