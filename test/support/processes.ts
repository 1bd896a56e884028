import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Processes whose parent is `pid`; none where the system has no /proc. */
export function childrenOf(pid: number): number[] {
  if (!existsSync('/proc')) return [];
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.map(Number).filter((one) => new RegExp(`^PPid:\\s+${pid}$`, 'm').test(statusOf(one)));
}

/** False also for one that has ended and that nobody has waited for. */
export function isRunning(pid: number): boolean {
  const status = statusOf(pid);
  return status !== '' && !/^State:\s+[ZX]/m.test(status);
}

/** Empty for a process that has ended. */
function statusOf(pid: number): string {
  try {
    return readFileSync(join('/proc', String(pid), 'status'), 'utf8');
  } catch {
    return '';
  }
}
