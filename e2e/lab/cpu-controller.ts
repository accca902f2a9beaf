import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/errors.ts';

/** The part of the system that limits the computing time of groups of processes: cgroups of either version. */
export interface CpuController {
  readonly version: 1 | 2;
  /** The folder in which a folder is a group. */
  readonly base: string;
}

/** The system limits nobody here; `message` says why. */
export class NoQuotaError extends Error {
  override readonly name = 'NoQuotaError';
}

/**
 * How long a group that has used up its time waits at most, in microseconds: short, so that one run of a stage meets
 * many periods and the throttle is as even as a slower processor.
 */
const PERIOD_US = 10_000;
/** The kernel takes no quota below this. */
const LEAST_QUOTA_US = 1000;

/**
 * Finds where groups can be made, and tries it with a group of this name, which is gone again afterwards.
 * @throws NoQuotaError
 */
export function findCpuController(name: string, mounts: string = readMounts()): CpuController {
  const refusals: string[] = [];
  for (const controller of candidates(mounts)) {
    const group = join(controller.base, name);
    try {
      makeGroup(controller, group);
      limit(controller, group, 100);
      rmdirSync(group);
      return controller;
    } catch (error) {
      refusals.push(messageOf(error));
      if (existsSync(group)) rmdirSync(group);
    }
  }
  const why =
    refusals[0] ??
    (process.platform === 'linux' ? 'no cgroup with the cpu controller is mounted' : 'no Linux');
  throw new NoQuotaError(`This system does not let the lab limit the processor per browser: ${why}.`);
}

/** Makes a group that has no limit yet. Throws what the file system says. */
export function makeGroup(controller: CpuController, group: string): void {
  mkdirSync(group);
  if (controller.version === 2 && !existsSync(join(group, 'cpu.max'))) {
    // The parent must hand the controller down.
    writeFileSync(join(controller.base, 'cgroup.subtree_control'), '+cpu');
  }
}

/** Gives all processes of a group together this much of one core, in percent. Throws what the file system says. */
export function limit({ version }: CpuController, group: string, percent: number): void {
  const period = Math.max(PERIOD_US, Math.ceil((LEAST_QUOTA_US * 100) / percent));
  const quota = Math.round((period * percent) / 100);
  if (version === 2) {
    writeFileSync(join(group, 'cpu.max'), `${quota} ${period}`);
    return;
  }
  // The two files are read together, so neither may be out of proportion to the other in between.
  writeFileSync(join(group, 'cpu.cfs_quota_us'), '-1');
  writeFileSync(join(group, 'cpu.cfs_period_us'), String(period));
  writeFileSync(join(group, 'cpu.cfs_quota_us'), String(quota));
}

/** Version 1 first: where both are mounted, a controller belongs to one of them, and then it is that. */
function candidates(mounts: string): CpuController[] {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  const first = lines.flatMap(([, at, type, options]) =>
    at !== undefined && type === 'cgroup' && options?.split(',').includes('cpu')
      ? [{ version: 1 as const, base: at }]
      : [],
  );
  const second = lines.flatMap(([, at, type]) =>
    at !== undefined && type === 'cgroup2'
      ? basesBelow(at).map((base) => ({ version: 2 as const, base }))
      : [],
  );
  return [...first, ...second].filter(({ version, base }) => version === 1 || offersCpu(base));
}

/** The root of the tree, and beside our own group: a group with processes of its own hands nothing down. */
function basesBelow(mount: string): string[] {
  const [, own = '/'] = /^0::(.*)$/m.exec(read('/proc/self/cgroup')) ?? [];
  return [...new Set([mount, join(mount, dirname(own))])];
}

function offersCpu(base: string): boolean {
  return read(join(base, 'cgroup.controllers')).trim().split(' ').includes('cpu');
}

function readMounts(): string {
  return read('/proc/mounts');
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
