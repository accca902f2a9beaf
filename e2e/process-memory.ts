import { browserProcesses, readProcess } from './process-tree.ts';

/**
 * Bytes of memory that a browser takes with all its processes, each page shared with others counted in part (PSS);
 * null where the system does not tell (anything but Linux). `profile` tells this browser from others.
 */
export function browserBytes(profile: string): number | null {
  const processes = browserProcesses(profile);
  return processes.length === 0 ? null : processes.reduce((sum, pid) => sum + processBytes(pid), 0);
}

/** The same for one process; 0 once it has ended. */
export function processBytes(pid: number): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(readProcess(pid, 'smaps_rollup')) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}
