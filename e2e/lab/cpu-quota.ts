import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { type CpuController, findCpuController, limit, makeGroup } from './cpu-controller.ts';

/** What a browser, with all processes it ever starts, may use of one core. */
export interface CpuQuota {
  readonly percent: number;
  /** Holds from now on, also in the middle of a run. */
  set(percent: number): void;
  /** A program that joins the group and then becomes `program`, so that its children are inside as well. */
  wrap(program: string): string;
  /** Ends what still runs in the group, and removes it. */
  close(): void;
}

/** Groups carry the number of the process that made them, so that they can be told from those of others. */
const PREFIX = 'potluck-lab-';
/** A killed process leaves its group within this. */
const LEAVING_MS = 2000;
const LOOK_AGAIN_MS = 20;

const open = new Set<CpuQuota>();
let controller: CpuController | undefined;
let made = 0;

/** Makes a group with a limit; it goes with this process at the latest. @throws NoQuotaError */
export function openQuota(percent: number): CpuQuota {
  controller ??= prepare();
  const { base } = controller;
  const group = join(base, `${PREFIX}${process.pid}-${made++}`);
  const folder = mkdtempSync(join(tmpdir(), 'potluck-quota-'));
  const quota = new GroupQuota(controller, group, folder, percent);
  open.add(quota);
  return quota;
}

/** Whether quotas work here. @throws NoQuotaError that says why not */
export function requireQuotas(): void {
  controller ??= prepare();
}

function prepare(): CpuController {
  const found = findCpuController(`${PREFIX}${process.pid}-trial`);
  guard(join(found.base, `${PREFIX}${process.pid}-`));
  process.once('exit', () => {
    for (const quota of open) closeQuietly(quota);
  });
  // Without listeners of its own, a process that is told to end runs nothing at its exit.
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(status));
  }
  return found;
}

/** Waits until its input ends, as it does with the process that holds it, and then removes the groups of that one. */
const GUARD = `
read -r _
for group in "$1"*; do
  tries=0
  while [ -d "$group" ] && [ $tries -lt 50 ] && ! rmdir "$group"; do
    while read -r pid; do kill -9 "$pid"; done < "$group/cgroup.procs"
    sleep 0.1
    tries=$((tries + 1))
  done
done`;

/** A process that is killed cleans up nothing, so another one does, which outlives it. */
function guard(groups: string): void {
  spawn('/bin/sh', ['-c', GUARD, 'guard', groups], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  }).unref();
}

/** At the end of the process nobody hears of an error, and the next group must be removed as well. */
function closeQuietly(quota: CpuQuota): void {
  try {
    quota.close();
  } catch (error) {
    console.error(messageOf(error));
  }
}

class GroupQuota implements CpuQuota {
  readonly #controller: CpuController;
  readonly #group: string;
  readonly #folder: string;
  #percent: number;

  constructor(controller: CpuController, group: string, folder: string, percent: number) {
    this.#controller = controller;
    this.#group = group;
    this.#folder = folder;
    this.#percent = percent;
    makeGroup(controller, group);
    limit(controller, group, percent);
  }

  get percent(): number {
    return this.#percent;
  }

  set(percent: number): void {
    limit(this.#controller, this.#group, percent);
    this.#percent = percent;
  }

  wrap(program: string): string {
    const path = join(this.#folder, 'start');
    const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
    writeFileSync(
      path,
      `#!/bin/sh\necho $$ > ${quoted(join(this.#group, 'cgroup.procs'))} || exit 1\nexec ${quoted(program)} "$@"\n`,
    );
    chmodSync(path, 0o755);
    return path;
  }

  close(): void {
    open.delete(this);
    removeGroup(this.#group);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function removeGroup(group: string): void {
  const limit = Date.now() + LEAVING_MS;
  while (existsSync(group)) {
    try {
      for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean))
        kill(pid);
      rmdirSync(group);
    } catch (error) {
      // Not empty yet.
      if (Date.now() > limit) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS);
    }
  }
}

function kill(pid: string): void {
  try {
    process.kill(Number(pid), 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
