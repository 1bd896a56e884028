import { readdirSync, readFileSync } from 'node:fs';
import { arch, cpus, freemem, loadavg, platform, release, totalmem } from 'node:os';

/** What the numbers were measured on. */
export function describeMachine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    node: process.version,
    os: `${platform()} ${release()} ${arch()}`,
    date: new Date().toISOString(),
    loadAverage: loadavg(),
  };
}

/**
 * Resident bytes of all processes below this one: the executor host, whatever launched it included. Null where the
 * system has no /proc.
 */
export function descendantsResidentBytes() {
  const parents = readParents();
  if (parents === null) return null;
  let bytes = 0;
  for (const pid of parents.keys()) {
    if (isBelow(pid, process.pid, parents)) bytes += residentBytes(pid);
  }
  return bytes;
}

function isBelow(pid, ancestor, parents) {
  for (let at = parents.get(pid); at !== undefined; at = parents.get(at)) {
    if (at === ancestor) return true;
  }
  return false;
}

function readParents() {
  let entries;
  try {
    entries = readdirSync('/proc');
  } catch {
    return null;
  }
  const parents = new Map();
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    const ppid = /^PPid:\s+(\d+)/m.exec(statusOf(entry));
    if (ppid) parents.set(Number(entry), Number(ppid[1]));
  }
  return parents;
}

function residentBytes(pid) {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(statusOf(pid));
  return kib ? Number(kib[1]) * 1024 : 0;
}

/** Empty for a process that has ended meanwhile. */
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
