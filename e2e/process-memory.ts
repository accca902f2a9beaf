import { readdirSync, readFileSync } from 'node:fs';

/**
 * Bytes of memory that a browser takes with all its processes, each page shared with others counted in part (PSS);
 * null where the system does not tell (anything but Linux). `profile` tells this browser from others.
 */
export function browserBytes(profile: string): number | null {
  try {
    const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const parents = new Map(processes.flatMap((pid) => parentOf(pid)));
    const root = processes.find(
      (pid) => commandOf(pid).includes(profile) && !commandOf(parents.get(pid) ?? '').includes(profile),
    );
    if (root === undefined) return null;
    const family = processes.filter((pid) => descends(pid, root, parents));
    return family.reduce((sum, pid) => sum + pssOf(pid), 0);
  } catch {
    return null;
  }
}

function descends(pid: string, root: string, parents: ReadonlyMap<string, string>): boolean {
  for (let at: string | undefined = pid; at !== undefined; at = parents.get(at)) if (at === root) return true;
  return false;
}

function parentOf(pid: string): [string, string][] {
  const [, parent] = /^PPid:\s+(\d+)$/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return parent === undefined ? [] : [[pid, parent]];
}

function commandOf(pid: string): string {
  return read(`/proc/${pid}/cmdline`);
}

function pssOf(pid: string): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`)) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}

/** A process may end between listing and reading. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
