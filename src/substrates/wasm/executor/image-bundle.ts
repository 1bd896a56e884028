/** What an image adds to the standard library, unpacked and checked: what the executor host builds a base from. */
export interface ImageBundle {
  /** Paths are absolute and unique; their directories are made. */
  readonly files: readonly BundleFile[];
  /** Paths of native libraries, in the order in which every executor loads them. */
  readonly libraries: readonly string[];
  /** Python source that runs before the base state is taken. */
  readonly preamble: string | null;
}

export interface BundleFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export const EMPTY_BUNDLE: ImageBundle = { files: [], libraries: [], preamble: null };

/** Longest bundle, and so the unpacked size of an image, bytes. */
export const BUNDLE_BYTES_MAX = 192 * 1024 * 1024;

/** The image cannot become a base state, and why: its preamble raised, a library does not load. */
export class ImageFault extends Error {
  override readonly name = 'ImageFault';
}

interface Head {
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  readonly libraries: readonly string[];
  readonly preamble: string | null;
}

/** `u32 length of the JSON | JSON | contents of the files, one behind the other`. */
export function encodeBundle(bundle: ImageBundle): Uint8Array<ArrayBuffer> {
  const { files, libraries, preamble } = bundle;
  const head: Head = {
    files: files.map(({ path, bytes }) => ({ path, sizeBytes: bytes.length })),
    libraries,
    preamble,
  };
  const json = Buffer.from(JSON.stringify(head), 'utf8');
  const out = new Uint8Array(4 + json.length + files.reduce((sum, { bytes }) => sum + bytes.length, 0));
  new DataView(out.buffer).setUint32(0, json.length, true);
  out.set(json, 4);
  let at = 4 + json.length;
  for (const { bytes } of files) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out;
}

/** @throws RangeError when it is not whole. It comes from the control process, which the host trusts. */
export function decodeBundle(bundle: Uint8Array): ImageBundle {
  const buffer = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length);
  const end = 4 + buffer.readUInt32LE(0);
  const { files, libraries, preamble } = JSON.parse(buffer.toString('utf8', 4, end)) as Head;
  let at = end;
  const placed = files.map(({ path, sizeBytes }) => {
    const bytes = Uint8Array.from(buffer.subarray(at, at + sizeBytes));
    at += sizeBytes;
    return { path, bytes };
  });
  if (at !== buffer.length) throw new RangeError(`a bundle of ${buffer.length} bytes ends at ${at}`);
  return { files: placed, libraries, preamble };
}
