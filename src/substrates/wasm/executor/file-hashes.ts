import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileNode, FileTree } from './executor-contract.js';
import { PageTree } from './page-tree.js';
import type { FsNode } from './pyodide-internals.js';
import { filesRoot } from './state-root.js';
import { contentBytes, type OldContent, paddedPage } from './track-files.js';

/** The root over a guest's files, and what of their contents need not be hashed again. As of the last load or commit. */
export class FileHashes {
  readonly #contents = new WeakMap<FsNode, PageTree>();
  #root: Buffer | null = null;

  /** Another tree is in place, or the same with other contents. */
  treeChanged(): void {
    this.#root = null;
  }

  /** The file's content is another altogether. */
  contentReplaced(node: FsNode): void {
    this.#contents.delete(node);
  }

  /** A changed content was captured. */
  contentChanged(node: FsNode, old: OldContent): void {
    const tree = this.#contents.get(node);
    if (tree === undefined) return;
    for (const page of old.pages.keys()) tree.forget(page);
    // Where it ended, where it ends, and all between.
    const sizes = [old.sizeBytes, node.usedBytes ?? 0];
    const end = Math.ceil(Math.max(...sizes) / PAGE_BYTES);
    for (let page = Math.floor(Math.min(...sizes) / PAGE_BYTES); page < end; page++) tree.forget(page);
  }

  root(tree: FileTree, nodeOf: (ino: number) => FsNode | undefined): Buffer {
    const hashed = (node: FileNode) => {
      const held = node.sizeBytes === undefined ? undefined : nodeOf(node.ino);
      return { node, content: held === undefined ? null : this.#contentRoot(held) };
    };
    this.#root ??= filesRoot(tree.nodes.map(hashed), tree.orphans.map(hashed), tree.nextIno);
    return this.#root;
  }

  #contentRoot(node: FsNode): string {
    const content = contentBytes(node);
    let tree = this.#contents.get(node);
    if (tree === undefined) {
      tree = new PageTree();
      for (let page = 0; page * PAGE_BYTES < content.length; page++) tree.forget(page);
      this.#contents.set(node, tree);
    }
    return tree.root((page) => paddedPage(content, page)).toString('hex');
  }
}
