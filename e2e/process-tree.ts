import { readdirSync, readFileSync } from 'node:fs';

/**
 * All processes of the browser with this profile, its first one first; empty where there are none, or where the system
 * does not tell (anything but Linux).
 */
export function browserProcesses(profile: string): number[] {
  const processes = listed();
  const parents = new Map(processes.flatMap((pid) => parentOf(pid)));
  const root = processes.find(
    (pid) => commandOf(pid).includes(profile) && !commandOf(parents.get(pid) ?? -1).includes(profile),
  );
  if (root === undefined) return [];
  return [root, ...processes.filter((pid) => pid !== root && descends(pid, root, parents))];
}

/** Sends a signal to each of these processes. One that has ended in the meantime is left out. */
export function signalAll(processes: readonly number[], signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of processes) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself.
    }
  }
}

/** What the system tells of a process in this file; empty once it has ended, which may be between listing and reading. */
export function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function listed(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function descends(pid: number, root: number, parents: ReadonlyMap<number, number>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = parents.get(at)) if (at === root) return true;
  return false;
}

function parentOf(pid: number): [number, number][] {
  const [, parent] = /^PPid:\s+(\d+)$/m.exec(readProcess(pid, 'status')) ?? [];
  return parent === undefined ? [] : [[pid, Number(parent)]];
}

function commandOf(pid: number): string {
  return readProcess(pid, 'cmdline');
}
