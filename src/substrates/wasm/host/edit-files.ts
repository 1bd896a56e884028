import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileNode, FileTree, PageSlots } from '../executor/executor-contract.js';
import {
  below,
  DIRECTORY_MODE,
  FILE_MODE,
  FileRefusal,
  isDirectory,
  isFile,
  nodesByPath,
  parentOf,
  resolvePath,
} from './file-paths.js';
import { contentOf } from './read-files.js';
import type { HostState } from './state-store.js';
import type { WireFileChange, WireFileEdit } from './wire.js';

/** Directories of the base in which worlds may be edited; all others belong to the engine. */
const OPEN_DIRECTORIES = new Set(['home', 'tmp']);
const MODE_BITS = 0o7777;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

export interface EditContext {
  readonly base: FileTree;
  readonly slots: PageSlots;
  /** Another state, as the source of a copy. */
  stateOf(handle: number): HostState | undefined;
  /** Stores a page of content and answers its id. */
  store(page: Uint8Array): number;
  /** Time of all changes, ms. */
  readonly nowMs: number;
}

/** Most pages that the content of these edits can take. */
export function pagesNeeded(edits: readonly WireFileEdit[]): number {
  const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES) + 1;
  return edits.reduce((sum, edit) => sum + (edit.kind === 'write' ? pagesOf(edit.bytes) : 0), 0);
}

/** A file tree while it is being changed. What it was made of stays as it is. */
export class FileTreeEditor {
  readonly #context: EditContext;
  readonly #baseNodes: ReadonlyMap<string, FileNode>;
  readonly #nodes: Map<string, FileNode>;
  readonly #orphans: FileNode[];
  readonly #state: HostState;
  #nextIno: number;

  constructor(state: HostState, context: EditContext) {
    this.#state = state;
    this.#context = context;
    this.#baseNodes = nodesByPath(context.base.nodes);
    this.#nodes = nodesByPath(state.files.nodes);
    this.#orphans = [...state.files.orphans];
    this.#nextIno = state.files.nextIno;
  }

  get tree(): FileTree {
    return { nodes: [...this.#nodes.values()], orphans: this.#orphans, nextIno: this.#nextIno };
  }

  /** @param content of a write. @throws FileRefusal; then the editor must not be used any more. */
  apply(edit: WireFileEdit, content: Buffer): WireFileChange {
    switch (edit.kind) {
      case 'write':
        return this.#write(edit, content);
      case 'directory':
        return this.#directory(edit.path);
      case 'remove':
        return this.#remove(edit);
      case 'rename':
        return this.#rename(edit);
      case 'copy':
        return this.#copy(edit);
    }
  }

  /** @throws FileRefusal when there is more than the bounds allow, and more than there was. */
  requireBounds(bounds: { readonly fileBytes: number; readonly files: number }): void {
    const base = usageOf(this.#context.base);
    const before = usageOf(this.#state.files);
    const now = usageOf(this.tree);
    const bytes = now.bytes - base.bytes;
    const files = now.files - base.files;
    if (bytes > bounds.fileBytes && now.bytes > before.bytes) {
      throw new FileRefusal(
        'fileLimit',
        `the world's files would have ${bytes} bytes and may have ${bounds.fileBytes}`,
      );
    }
    if (files > bounds.files && now.files > before.files) {
      throw new FileRefusal('fileLimit', `the world would have ${files} files and may have ${bounds.files}`);
    }
  }

  #resolve(path: string, followLast: boolean): { path: string; node: FileNode | undefined } {
    return resolvePath(this.#nodes, path, { cwd: this.#state.registers.cwd, followLast });
  }

  #existing(path: string): FileNode {
    const found = this.#resolve(path, false);
    if (found.node === undefined) throw new FileRefusal('fileNotFound', `there is no ${found.path}`);
    return found.node;
  }

  #write(edit: Extract<WireFileEdit, { kind: 'write' }>, content: Buffer): WireFileChange {
    if (edit.path.endsWith('/')) throw new FileRefusal('fileConflict', `${edit.path} names a directory`);
    const { path, node } = this.#resolve(edit.path, true);
    this.#requireOpen(path);
    if (node !== undefined && !isFile(node)) {
      throw new FileRefusal('fileConflict', `${path} is not a regular file`);
    }
    const file = node ?? this.#make(path, FILE_MODE | 0o644);
    const before = edit.append ? (file.sizeBytes ?? 0) : 0;
    const whole = Math.floor(before / PAGE_BYTES);
    const rest = contentOf(file, this.#context.slots, whole * PAGE_BYTES, before);
    const pages = [...(file.pages ?? []).slice(0, whole), ...this.#store(Buffer.concat([rest, content]))];
    const mode = edit.mode === undefined ? file.mode : FILE_MODE | (edit.mode & MODE_BITS);
    const sizeBytes = before + content.length;
    this.#change(path, { mode, sizeBytes, pages });
    return { path, sizeBytes };
  }

  #store(content: Buffer): number[] {
    const ids: number[] = [];
    for (let start = 0; start < content.length; start += PAGE_BYTES) {
      const page = Buffer.alloc(PAGE_BYTES);
      content.copy(page, 0, start, start + PAGE_BYTES);
      ids.push(page.equals(ZERO_PAGE) ? 0 : this.#context.store(page));
    }
    return ids;
  }

  #directory(wanted: string): WireFileChange {
    const { path, node } = this.#resolve(wanted, true);
    if (node === undefined) {
      this.#requireOpen(path);
      this.#make(path, DIRECTORY_MODE | 0o755);
    } else if (!isDirectory(node)) {
      throw new FileRefusal('fileConflict', `${path} is not a directory`);
    }
    return { path };
  }

  #remove(edit: Extract<WireFileEdit, { kind: 'remove' }>): WireFileChange {
    const node = this.#existing(edit.path);
    this.#requireMovable(node.path);
    const inside = this.#inside(node.path);
    if (isDirectory(node) && inside.length > 0 && !edit.recursive) {
      throw new FileRefusal(
        'fileConflict',
        `${node.path} is a directory with something in it: remove it recursively`,
      );
    }
    for (const one of [...inside, node]) this.#drop(one);
    this.#touch(parentOf(node.path));
    return { path: node.path };
  }

  #rename(edit: Extract<WireFileEdit, { kind: 'rename' }>): WireFileChange {
    const node = this.#existing(edit.path);
    this.#requireMovable(node.path);
    const { path: to, node: there } = this.#resolve(edit.to, false);
    if (to === node.path) return { path: to };
    this.#requireOpen(to);
    if (to.startsWith(below(node.path)))
      throw new FileRefusal('fileConflict', `${to} is inside ${node.path}`);
    if (there !== undefined) {
      if (isDirectory(there) || isDirectory(node)) throw new FileRefusal('fileConflict', `${to} exists`);
      this.#requireMovable(to);
      this.#drop(there);
    }
    this.#makeParents(to);
    const moved = [node, ...this.#inside(node.path)];
    for (const one of moved) this.#nodes.delete(one.path);
    for (const one of moved) {
      const path = to + one.path.slice(node.path.length);
      this.#nodes.set(path, { ...one, path });
    }
    this.#touch(parentOf(node.path));
    this.#touch(parentOf(to));
    return { path: to, ...sizeOf(node) };
  }

  #copy(edit: Extract<WireFileEdit, { kind: 'copy' }>): WireFileChange {
    const { path: to } = this.#resolve(edit.to, false);
    const source = edit.source === null ? null : this.#context.stateOf(edit.source);
    if (source === undefined) throw new FileRefusal('fileNotFound', 'the state to copy from is gone');
    const nodes = source === null ? this.#nodes : nodesByPath(source.files.nodes);
    const { cwd } = (source ?? this.#state).registers;
    const from = resolvePath(nodes, edit.path, { cwd, followLast: false });
    if (from.node === undefined) throw new FileRefusal('fileNotFound', `there is no ${from.path}`);
    if (source === null && `${to}/`.startsWith(below(from.path))) {
      throw new FileRefusal('fileConflict', `${to} is ${from.path} itself or inside it`);
    }
    const prefix = below(from.path);
    const copied = [
      from.node,
      ...[...nodes.values()].filter((one) => one.path.startsWith(prefix) && one.path !== '/'),
    ];
    for (const one of copied) {
      const path = one === from.node ? to : below(to) + one.path.slice(prefix.length);
      this.#place(one, path);
    }
    return { path: to, ...sizeOf(from.node) };
  }

  /** A copy of `node` at `path`, where there may be something of the same kind. */
  #place(node: FileNode, path: string): void {
    this.#requireOpen(path);
    const there = this.#nodes.get(path);
    if (isDirectory(node)) {
      if (there === undefined) this.#make(path, node.mode);
      else if (!isDirectory(there)) throw new FileRefusal('fileConflict', `${path} is not a directory`);
      return;
    }
    if (!isFile(node) && node.link === undefined)
      throw new FileRefusal('fileConflict', `${node.path} is a device`);
    if (there !== undefined && (isDirectory(there) || isFile(there) !== isFile(node))) {
      throw new FileRefusal('fileConflict', `${path} is something else than ${node.path}`);
    }
    if (there === undefined) this.#make(path, node.mode);
    const { sizeBytes, pages, link } = node;
    this.#change(path, link === undefined ? { sizeBytes: sizeBytes ?? 0, pages: pages ?? [] } : { link });
  }

  /** A new, empty node; directories on the way to it as well. */
  #make(path: string, mode: number): FileNode {
    this.#makeParents(path);
    const { nowMs } = this.#context;
    const times = { atimeMs: nowMs, mtimeMs: nowMs, ctimeMs: nowMs };
    const empty =
      (mode & FILE_MODE) === FILE_MODE && (mode & 0o170000) === FILE_MODE ? { sizeBytes: 0, pages: [] } : {};
    const node: FileNode = { path, ino: this.#nextIno++, mode, ...times, rdev: 0, ...empty };
    this.#nodes.set(path, node);
    this.#touch(parentOf(path));
    return node;
  }

  #makeParents(path: string): void {
    const parent = parentOf(path);
    if (this.#nodes.get(parent) === undefined) this.#make(parent, DIRECTORY_MODE | 0o755);
  }

  #change(path: string, change: Partial<FileNode>): void {
    const node = this.#nodes.get(path);
    if (node === undefined) throw new Error(`${path} is to be changed and does not exist`);
    const { nowMs } = this.#context;
    this.#nodes.set(path, { ...node, ...change, mtimeMs: nowMs, ctimeMs: nowMs });
  }

  /** A directory that changes gets another time in any case: the guest's import system looks at nothing else. */
  #touch(path: string): void {
    const node = this.#nodes.get(path);
    if (node === undefined) return;
    const atMs = Math.max(this.#context.nowMs, node.mtimeMs + 1);
    this.#nodes.set(path, { ...node, mtimeMs: atMs, ctimeMs: atMs });
  }

  /** Takes the name away; who has it open keeps the content. */
  #drop(node: FileNode): void {
    this.#nodes.delete(node.path);
    if (this.#state.registers.openFiles.some(({ ino }) => ino === node.ino)) this.#orphans.push(node);
  }

  #inside(path: string): FileNode[] {
    const prefix = below(path);
    return [...this.#nodes.values()].filter((node) => node.path.startsWith(prefix) && node.path !== '/');
  }

  /** @throws FileRefusal for what lies in a directory of the engine. */
  #requireOpen(path: string): void {
    const top = path.split('/')[1] ?? '';
    if (top !== '' && (OPEN_DIRECTORIES.has(top) || !this.#baseNodes.has(`/${top}`))) return;
    throw new FileRefusal('fileProtected', `${path} belongs to the system of the world, which is not edited`);
  }

  /** @throws FileRefusal for what must stay where it is. */
  #requireMovable(path: string): void {
    this.#requireOpen(path);
    if (this.#baseNodes.has(path)) {
      throw new FileRefusal(
        'fileProtected',
        `${path} belongs to the system of the world, which is not edited`,
      );
    }
    const { cwd } = this.#state.registers;
    if (`${cwd}/`.startsWith(below(path))) {
      throw new FileRefusal('fileConflict', `the code of the world works in ${cwd}, which must stay`);
    }
  }
}

function sizeOf(node: FileNode): { sizeBytes?: number } {
  return isFile(node) ? { sizeBytes: node.sizeBytes ?? 0 } : {};
}

function usageOf(tree: FileTree): { bytes: number; files: number } {
  let bytes = 0;
  for (const node of tree.nodes) bytes += node.sizeBytes ?? 0;
  for (const node of tree.orphans) bytes += node.sizeBytes ?? 0;
  return { bytes, files: tree.nodes.length + tree.orphans.length };
}
