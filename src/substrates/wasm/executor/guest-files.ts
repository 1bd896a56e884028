import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileNode, FileTree, OpenFile, PageSink, PageSlots } from './executor-contract.js';
import { FileHashes } from './file-hashes.js';
import { openPipe } from './guest-pipes.js';
import { replaceLookup } from './look-up-path.js';
import type { FsNode, FsOps, FsStream, PyodideModule } from './pyodide-internals.js';
import { contentBytes, type FileLimits, FileTracker, paddedPage, type Usage } from './track-files.js';

const FORMAT_MASK = 0o170000;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

/** The slots that hold a file's content, as of the last load or commit. */
type KnownPages = readonly number[];

/**
 * The guest's files. Emscripten keeps them in JavaScript objects, outside the guest's memory; here they are
 * captured as data and put back exactly: directory order, inode numbers, times, open descriptors included.
 */
export class GuestFiles {
  readonly #module: PyodideModule;
  readonly #tracker: FileTracker;
  /** `/proc/self/fd`, whose entries the engine makes up: the directory and what is mounted on it. */
  readonly #mountPoint: FsNode;
  readonly #mountRoot: FsNode;
  #known = new WeakMap<FsNode, KnownPages>();
  readonly #hashes = new FileHashes();
  /** Inode number -> node, as of the last load or commit. Keeps deleted nodes alive until then. */
  #nodes = new Map<number, FsNode>();
  #tree: FileTree = { nodes: [], orphans: [], nextIno: 0 };
  /** What the base itself uses; the limits of a world count from there. */
  #baseUsage: Usage = { bytes: 0, files: 0 };

  constructor(module: PyodideModule) {
    this.#module = module;
    const found = findMount(module.FS.root);
    this.#mountPoint = found;
    if (found.mounted === null) throw new Error('the engine mounts nothing on /proc/self/fd');
    this.#mountRoot = found.mounted.root;
    replaceLookup(module.FS);
    this.#tracker = new FileTracker(module, () => this.#count());
    prepareDirectories(module.FS.root);
  }

  get changed(): boolean {
    return this.#tracker.changed;
  }

  get cwd(): string {
    return this.#module.FS.currentPath;
  }

  set cwd(path: string) {
    this.#module.FS.currentPath = path;
  }

  setLimits(limits: FileLimits): void {
    this.#tracker.limits = {
      bytes: limits.bytes + this.#baseUsage.bytes,
      files: limits.files + this.#baseUsage.files,
      open: limits.open,
    };
  }

  /** A pipe for the guest, or the number of the error that it sees. */
  pipe(): readonly [number, number] | number {
    const { FS } = this.#module;
    this.#tracker.changed = true;
    try {
      this.#tracker.requireDescriptors(2);
      return openPipe(FS);
    } catch (error) {
      if (error instanceof FS.ErrnoError) return error.errno;
      throw error;
    }
  }

  /** From now on, limits count from what there is. */
  takeAsBase(): void {
    this.#baseUsage = this.#count();
  }

  /** The ids of pages are no longer those of the present slots. */
  forgetPages(): void {
    this.#known = new WeakMap();
  }

  /** The slots that hold the present content, when another executor wrote them. */
  adoptPages(tree: FileTree): void {
    for (const entry of [...tree.nodes, ...tree.orphans]) {
      const node = this.#nodes.get(entry.ino);
      if (node !== undefined && entry.pages !== undefined && !this.#tracker.old.has(node)) {
        this.#known.set(node, entry.pages);
      }
    }
  }

  /** Pipes do not survive an execution, and a directory that is being read is read afresh. */
  closeUnsaveable(): void {
    const { FS } = this.#module;
    for (const stream of FS.streams) {
      if (stream === null || stream === undefined) continue;
      stream.getdents = null;
      const { mode } = stream.node;
      if (!FS.isFile(mode) && !FS.isDir(mode) && !FS.isChrdev(mode)) FS.close(stream);
    }
  }

  openFiles(): OpenFile[] {
    const groups = new Map<object, number>();
    const open: OpenFile[] = [];
    for (const [fd, stream] of this.#module.FS.streams.entries()) {
      if (stream === null || stream === undefined) continue;
      const group = groups.get(stream.shared) ?? groups.size;
      groups.set(stream.shared, group);
      const { path, flags, position, node } = stream;
      open.push({ fd, ino: node.id, path, flags, position, group });
    }
    return open;
  }

  /** Makes the descriptors exactly these, on the present nodes. */
  reopen(open: readonly OpenFile[]): void {
    const { FS } = this.#module;
    FS.streams.length = 0;
    const groups = new Map<number, object>();
    for (const { fd, ino, path, flags, position, group } of open) {
      const node = this.#nodes.get(ino);
      if (node === undefined)
        throw new Error(`descriptor ${fd} refers to inode ${ino}, which does not exist`);
      const stream = this.#tracker.openUnbounded(
        { node, path, flags, position, seekable: true, stream_ops: node.stream_ops },
        fd,
      );
      const shared = groups.get(group);
      if (shared === undefined) groups.set(group, stream.shared);
      else stream.shared = shared;
      if (FS.isChrdev(node.mode)) stream.stream_ops.open?.(stream);
    }
  }

  /** Upper bound of the slots that `save` takes. */
  slotsNeeded(): number {
    if (!this.changed) return 0;
    let needed = 0;
    this.#visit((node) => {
      if (!this.#module.FS.isFile(node.mode)) return;
      const pages = Math.ceil((node.usedBytes ?? 0) / PAGE_BYTES);
      for (let page = 0; page < pages; page++) if (this.#reusable(node, page) === null) needed++;
    });
    return needed;
  }

  save(sink: PageSink): FileTree {
    const nodes: FileNode[] = [];
    const orphans: FileNode[] = [];
    const byIno = new Map<number, FsNode>();
    const known: [FsNode, KnownPages][] = [];
    this.#visit((node, path, named) => {
      byIno.set(node.id, node);
      // What is mounted is not a node of the tree, but a descriptor may refer to it.
      if (node === this.#mountRoot) return;
      const entry = this.#capture(node, path, sink);
      if (entry.pages !== undefined) known.push([node, entry.pages]);
      (named ? nodes : orphans).push(entry);
    });
    for (const [node, pages] of known) this.#known.set(node, pages);
    for (const [node, old] of this.#tracker.old) this.#hashes.contentChanged(node, old);
    this.#settle({ nodes, orphans, nextIno: this.#module.FS.nextInode }, byIno);
    return this.#tree;
  }

  load(slots: PageSlots, tree: FileTree): void {
    this.#rebuild(tree, (node, entry) => {
      const pages = entry.pages ?? [];
      if (samePages(this.#known.get(node), pages) && !this.#tracker.old.has(node)) {
        if (node.usedBytes === entry.sizeBytes) return;
      }
      const bytes = new Uint8Array(pages.length * PAGE_BYTES);
      for (const [page, id] of pages.entries()) if (id !== 0) slots.read(id, bytes, page * PAGE_BYTES);
      node.contents = bytes;
      node.usedBytes = entry.sizeBytes ?? 0;
      this.#known.set(node, pages);
      this.#hashes.contentReplaced(node);
    });
  }

  /** Back to the last load or commit. */
  rollback(): void {
    this.#rebuild(this.#tree, (node) => {
      const old = this.#tracker.old.get(node);
      if (old === undefined) return;
      const bytes = new Uint8Array(old.sizeBytes);
      bytes.set(contentBytes(node).subarray(0, old.sizeBytes));
      for (const [page, before] of old.pages) bytes.set(before, page * PAGE_BYTES);
      node.contents = bytes;
      node.usedBytes = old.sizeBytes;
    });
  }

  /** Root over the tree as of the last load or commit; nothing may have run since. */
  root(): Buffer {
    return this.#hashes.root(this.#tree, (ino) => this.#nodes.get(ino));
  }

  #capture(node: FsNode, path: string, sink: PageSink): FileNode {
    const { FS } = this.#module;
    const entry: FileNode = {
      path,
      ino: node.id,
      mode: node.mode,
      atimeMs: Number(node.atime),
      mtimeMs: Number(node.mtime),
      ctimeMs: Number(node.ctime),
      rdev: node.rdev,
      ...(node.link === undefined ? {} : { link: node.link }),
    };
    if (!FS.isFile(node.mode)) return entry;
    const sizeBytes = node.usedBytes ?? 0;
    const pages: number[] = [];
    for (let page = 0; page * PAGE_BYTES < sizeBytes; page++) {
      const reused = this.#reusable(node, page);
      pages.push(reused ?? savePage(contentBytes(node), page, sink));
    }
    return { ...entry, sizeBytes, pages };
  }

  /** Slot that already holds this page of the file, or null. */
  #reusable(node: FsNode, page: number): number | null {
    const id = this.#known.get(node)?.[page];
    if (id === undefined) return null;
    const before = this.#tracker.old.get(node)?.pages.get(page);
    if (before === undefined) return id;
    const start = page * PAGE_BYTES;
    const now = contentBytes(node).subarray(start, start + PAGE_BYTES);
    return now.equals(before) ? id : null;
  }

  /** Every node once: those with a name, parents first and in directory order; then those only open. */
  #visit(see: (node: FsNode, path: string, named: boolean) => void): void {
    const { FS } = this.#module;
    const seen = new Set<FsNode>([this.#mountRoot]);
    const walk = (node: FsNode, path: string) => {
      seen.add(node);
      see(node, path, true);
      if (!FS.isDir(node.mode)) return;
      for (const [name, child] of Object.entries(childrenOf(node))) {
        walk(child, path === '/' ? `/${name}` : `${path}/${name}`);
      }
    };
    walk(FS.root, '/');
    see(this.#mountRoot, '', true);
    for (const stream of FS.streams) {
      if (stream === null || stream === undefined || seen.has(stream.node)) continue;
      seen.add(stream.node);
      if (isSaveable(this.#module, stream)) see(stream.node, stream.path, false);
    }
  }

  #count(): Usage {
    let bytes = 0;
    let files = 0;
    this.#visit((node) => {
      files++;
      if (this.#module.FS.isFile(node.mode)) bytes += node.usedBytes ?? 0;
    });
    return { bytes, files };
  }

  #rebuild(tree: FileTree, fill: (node: FsNode, entry: FileNode) => void): void {
    const { FS } = this.#module;
    FS.nameTable.fill(undefined);
    const byIno = new Map<number, FsNode>();
    const byPath = new Map<string, FsNode>();
    const place = (entry: FileNode, parent: FsNode, name: string): FsNode => {
      const node = this.#nodeFor(entry);
      node.parent = parent;
      node.name = name;
      this.#describe(node, entry);
      if (FS.isFile(entry.mode)) fill(node, entry);
      byIno.set(entry.ino, node);
      return node;
    };
    for (const entry of tree.nodes) {
      const cut = entry.path.lastIndexOf('/');
      const parent = entry.path === '/' ? FS.root : byPath.get(entry.path.slice(0, cut) || '/');
      if (parent === undefined) throw new Error(`${entry.path} comes before its directory`);
      const node = place(entry, parent, entry.path === '/' ? '/' : entry.path.slice(cut + 1));
      byPath.set(entry.path, node);
      FS.hashAddNode(node);
      if (node !== FS.root) childrenOf(parent)[node.name] = node;
      if (node === this.#mountPoint) this.#placeMountRoot(parent);
    }
    for (const entry of tree.orphans) place(entry, FS.root, '');
    byIno.set(this.#mountRoot.id, this.#mountRoot);
    FS.nextInode = tree.nextIno;
    this.#settle(tree, byIno);
  }

  #placeMountRoot(parent: FsNode): void {
    // The engine finds it by name in the directory that holds the mount point.
    this.#mountRoot.parent = parent;
    this.#module.FS.hashAddNode(this.#mountRoot);
  }

  #settle(tree: FileTree, nodes: Map<number, FsNode>): void {
    this.#tree = tree;
    this.#nodes = nodes;
    this.#hashes.treeChanged();
    let bytes = 0;
    for (const entry of tree.nodes) bytes += entry.sizeBytes ?? 0;
    for (const entry of tree.orphans) bytes += entry.sizeBytes ?? 0;
    this.#tracker.reset({ bytes, files: tree.nodes.length + tree.orphans.length + 1 });
  }

  /** The node that this executor already has under that inode number if it is of the same kind, or a new one. */
  #nodeFor(entry: FileNode): FsNode {
    const { FS, MEMFS } = this.#module;
    if (entry.path === '/' && entry.ino === FS.root.id) return FS.root;
    const had = this.#nodes.get(entry.ino);
    if (had !== undefined && ((had.mode ^ entry.mode) & FORMAT_MASK) === 0) return had;
    const node = new FS.FSNode(FS.root, '', entry.mode, entry.rdev);
    const ops = opsFor(this.#module, entry.mode, MEMFS.ops_table);
    node.node_ops = ops.node;
    node.stream_ops = ops.stream;
    return node;
  }

  #describe(node: FsNode, entry: FileNode): void {
    const { FS } = this.#module;
    node.id = entry.ino;
    node.mode = entry.mode;
    node.rdev = entry.rdev;
    node.atime = entry.atimeMs;
    node.mtime = entry.mtimeMs;
    node.ctime = entry.ctimeMs;
    if (entry.link !== undefined) node.link = entry.link;
    if (FS.isDir(entry.mode)) node.contents = Object.create(null) as Record<string, FsNode>;
  }
}

function savePage(content: Buffer, page: number, sink: PageSink): number {
  const bytes = paddedPage(content, page);
  return bytes.equals(ZERO_PAGE) ? 0 : sink.store(bytes, 0);
}

function childrenOf(node: FsNode): Record<string, FsNode> {
  const { contents } = node;
  if (contents === undefined || ArrayBuffer.isView(contents)) return {};
  return contents as Record<string, FsNode>;
}

function samePages(a: KnownPages | undefined, b: readonly number[]): boolean {
  return a !== undefined && (a === b || (a.length === b.length && a.every((id, page) => id === b[page])));
}

function isSaveable(module: PyodideModule, stream: FsStream): boolean {
  const { mode } = stream.node;
  return module.FS.isFile(mode) || module.FS.isDir(mode) || module.FS.isChrdev(mode);
}

function opsFor(module: PyodideModule, mode: number, table: PyodideModule['MEMFS']['ops_table']): FsOps {
  const { FS } = module;
  if (FS.isDir(mode)) return table.dir;
  if (FS.isFile(mode)) return table.file;
  if (FS.isLink(mode)) return table.link;
  return table.chrdev;
}

function findMount(root: FsNode): FsNode {
  let node = root;
  for (const name of ['proc', 'self', 'fd']) {
    const child = childrenOf(node)[name];
    if (child === undefined) throw new Error('the engine has no /proc/self/fd');
    node = child;
  }
  return node;
}

/** Directories made before the tracker was there: see `FileTracker`. */
function prepareDirectories(node: FsNode): void {
  const children = childrenOf(node);
  if (node.contents === undefined || ArrayBuffer.isView(node.contents)) return;
  node.contents = Object.assign(Object.create(null) as Record<string, FsNode>, children);
  for (const child of Object.values(children)) prepareDirectories(child);
}
