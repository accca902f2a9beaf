import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../repository.ts';
import { type CpuController, findCpuController, NoQuotaError } from './cpu-controller.ts';
import { type CpuQuota, openQuota } from './cpu-quota.ts';

let found: CpuController | undefined;
try {
  found = findCpuController('potluck-lab-test');
} catch (error) {
  console.warn(`\n!! SKIPPED: quotas of the processor: ${String(error)}\n`);
}

/** Milliseconds of processor time that a loop got in a second of the clock. */
const SPIN =
  'const before = process.cpuUsage(); const end = performance.now() + 1000; while (performance.now() < end); ' +
  'const { user, system } = process.cpuUsage(before); console.log((user + system) / 1000)';

function spin(program: string): number {
  return Number(execFileSync(program, ['-e', SPIN], { encoding: 'utf8' }));
}

const groups = (): string[] =>
  readdirSync(found?.base ?? '/').filter((name) => name.startsWith('potluck-lab-'));

describe.skipIf(found === undefined)('a quota of the processor', () => {
  let quota: CpuQuota;

  beforeAll(() => {
    quota = openQuota(20);
  });
  afterEach(() => quota.close());

  it('holds for the program and can be changed, and its group goes with it', () => {
    const program = quota.wrap(process.execPath);
    const little = spin(program);
    quota.set(60);
    const more = spin(program);
    // A machine that is busy gives less, and the first period of each core may come on top.
    expect(little).toBeLessThan(260);
    expect(more).toBeLessThan(680);
    expect(more).toBeGreaterThan(little);
    const before = groups().length;
    quota.close();
    expect(groups().length).toBe(before - 1);
  });

  it('ends what still runs in the group', async () => {
    quota = openQuota(50);
    const child = spawn(quota.wrap('/bin/sh'), ['-c', 'sleep 60 & wait'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await expect
      .poll(() => execFileSync('ps', ['-o', 'args=', '-p', String(child.pid)], { encoding: 'utf8' }))
      .toMatch(/sleep/);
    quota.close();
    expect(await ended).toBe('SIGKILL');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'leaves no group when its process gets %s',
    async (signal) => {
      const program = `import { openQuota } from './e2e/lab/cpu-quota.ts'; openQuota(50); console.log('open'); setInterval(() => {}, 1000);`;
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
        cwd: ROOT,
      });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      const own = `potluck-lab-${child.pid}-0`;
      expect(groups()).toContain(own);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await ended;
      await expect.poll(() => existsSync(join(found?.base ?? '', own))).toBe(false);
    },
  );
});

it('says so where there is nothing to limit with', () => {
  expect(() => findCpuController('potluck-lab-test', 'proc /proc proc rw 0 0\n')).toThrow(NoQuotaError);
});
