import { PAGE_BYTES } from '../../../ports/page-store.js';
import type { FileNode, FileTree, PageSlots } from '../executor/executor-contract.js';
import { formatOf, isFile, nodesByPath } from './file-paths.js';
import { entryOf } from './read-files.js';
import type { WireFileDifference } from './wire.js';

/** In which paths two trees differ. Only pages that the two do not share are read. */
export function compareFiles(
  before: FileTree,
  after: FileTree,
  slots: PageSlots,
  request: { readonly after: string | null; readonly limit: number },
): { readonly differences: readonly WireFileDifference[]; readonly more: boolean } {
  if (before === after) return { differences: [], more: false };
  const [old, fresh] = [nodesByPath(before.nodes), nodesByPath(after.nodes)];
  const paths = [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((path) => request.after === null || path > request.after)
    .sort((a, b) => (a < b ? -1 : 1));
  const differences: WireFileDifference[] = [];
  for (const path of paths) {
    const found = difference(path, old.get(path), fresh.get(path), slots);
    if (found === null) continue;
    if (differences.length === request.limit) return { differences, more: true };
    differences.push(found);
  }
  return { differences, more: false };
}

function difference(
  path: string,
  old: FileNode | undefined,
  fresh: FileNode | undefined,
  slots: PageSlots,
): WireFileDifference | null {
  const content = old !== undefined && fresh !== undefined && !haveSameContent(old, fresh, slots);
  // The mode says the kind too.
  const isSame =
    !content && old?.mode === fresh?.mode && old?.link === fresh?.link && haveSameDevice(old, fresh);
  if (isSame) return null;
  return { path, before: old ? entryOf(old) : null, after: fresh ? entryOf(fresh) : null, content };
}

/** True for everything that is no pair of regular files. */
function haveSameContent(old: FileNode, fresh: FileNode, slots: PageSlots): boolean {
  if (!isFile(old) || !isFile(fresh) || old.pages === fresh.pages) return true;
  if (old.sizeBytes !== fresh.sizeBytes) return false;
  const [a, b] = [Buffer.alloc(PAGE_BYTES), Buffer.alloc(PAGE_BYTES)];
  const sizeBytes = old.sizeBytes ?? 0;
  const read = (id: number, page: number, into: Buffer): Buffer => {
    if (id === 0) into.fill(0);
    else slots.read(id, into, 0);
    return into.subarray(0, sizeBytes - page * PAGE_BYTES);
  };
  const others = fresh.pages ?? [];
  // Two files that came to the same content on different ways have it under two ids.
  return (old.pages ?? []).every((id, i) => {
    const other = others[i] ?? 0;
    return id === other || read(id, i, a).equals(read(other, i, b));
  });
}

function haveSameDevice(old: FileNode | undefined, fresh: FileNode | undefined): boolean {
  if (old === undefined || fresh === undefined) return old === fresh;
  return formatOf(old) !== formatOf(fresh) || isFile(old) || old.rdev === fresh.rdev;
}
