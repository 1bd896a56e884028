import type { ImageView } from '../../../model/image-api.js';
import { msText, timeText } from './cells.js';
import type { Paint } from './paint.js';
import { fields, table } from './table.js';

const HASH_CHARS = 12;

export function imagesTable(paint: Paint, images: readonly ImageView[]): string {
  if (images.length === 0) return 'no images; make one: wr image create\n';
  const columns = [
    { title: 'NAME' },
    { title: 'HASH' },
    { title: 'PARTS', right: true },
    { title: 'PREAMBLE (bytes)', right: true },
    { title: 'FILES (bytes)', right: true },
    { title: 'WORLDS', right: true },
    { title: 'CREATED (UTC)' },
  ];
  const rows = images.map((image) => [
    image.name,
    image.hash.slice(0, HASH_CHARS),
    String(image.parts.length),
    String(image.preamble?.sizeBytes ?? 0),
    String(image.sizeBytes),
    String(image.worlds),
    timeText(image.createdAt),
  ]);
  return table(paint, columns, rows);
}

export function imageCard(paint: Paint, image: ImageView): string {
  const parts = image.parts.map(({ kind, name, version }) => `${name} ${version} (${kind})`);
  const { preamble } = image;
  return fields(paint, [
    ['image', `${image.name} (${image.id})`],
    ['hash', image.hash],
    ['substrate', image.substrate],
    ['parts', parts.length > 0 ? parts.join(', ') : null],
    ['preamble', preamble && `${preamble.sizeBytes} bytes, SHA-256 ${preamble.sha256.slice(0, HASH_CHARS)}`],
    ['files', `${image.sizeBytes} bytes unpacked`],
    ['base', image.baseDigest],
    ['engine', image.engineDigest],
    ['built in', msText(image.buildTimeMs)],
    ['needed by', `${image.worlds} worlds, ${image.snapshots} snapshots`],
    ['created', timeText(image.createdAt)],
  ]);
}
