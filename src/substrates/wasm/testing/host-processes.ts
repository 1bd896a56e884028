import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

const CHUNK_BYTES = 4 * 1024 * 1024;

/** The executor hosts below this process, as the kernel lists them; behind bubblewrap they are grandchildren. */
export function hostPids(): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : null;
    if (parent !== null) parents.set(Number(name), parent);
  }
  const isBelow = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined; at = parents.get(at))
      if (at === process.pid) return true;
    return false;
  };
  return [...parents.keys()].filter((pid) => isBelow(pid) && isHost(pid));
}

function parentOf(name: string): number | null {
  const stat = readOf(`/proc/${name}/stat`);
  return stat === '' ? null : Number(stat.slice(stat.lastIndexOf(')')).split(' ')[2]);
}

function isHost(pid: number): boolean {
  const line = readOf(`/proc/${pid}/cmdline`);
  return line.startsWith(`${process.execPath}\0`) && line.includes('host/main.js');
}

function readOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Whether the bytes are anywhere in what the process can write to: guests' memory, pages of states, buffers. */
export function memoryHas(pid: number, wanted: Buffer): boolean {
  const file = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return writableRanges(pid).some((range) => rangeHas(file, range, wanted));
  } finally {
    closeSync(file);
  }
}

function writableRanges(pid: number): [number, number][] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n');
  return lines.flatMap((line) => {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    return from === undefined || to === undefined
      ? []
      : [[Number.parseInt(from, 16), Number.parseInt(to, 16)]];
  });
}

/** What is mapped and was never touched may be as large as the budget, and cannot hold anything: it reads as zeros. */
function rangeHas(file: number, [from, to]: readonly [number, number], wanted: Buffer): boolean {
  const part = Buffer.alloc(CHUNK_BYTES + wanted.length);
  for (let at = from; at < to; at += CHUNK_BYTES) {
    const length = Math.min(part.length, to - at);
    try {
      const read = readSync(file, part, 0, length, at);
      if (part.subarray(0, read).includes(wanted)) return true;
    } catch {
      // Guard pages cannot be read, by nobody.
    }
  }
  return false;
}
