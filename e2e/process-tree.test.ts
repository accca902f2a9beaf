import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { browserProcesses, readProcess, signalAll } from './process-tree.ts';

/** A shell with a child, both with the name of the profile in their command lines as browsers have. */
function family(profile: string) {
  return spawn('/bin/sh', ['-c', 'sleep 60 & wait', profile], { stdio: 'ignore' });
}

const stateOf = (pid: number): string => /^State:\s+(\w)/m.exec(readProcess(pid, 'status'))?.[1] ?? 'gone';

test.skipIf(process.platform !== 'linux')(
  'a browser is all its processes, and no other: they stop, go on and end together',
  async () => {
    const [one, two] = [family('potluck-tree-one'), family('potluck-tree-two')];
    try {
      await expect.poll(() => browserProcesses('potluck-tree-one')).toHaveLength(2);
      const processes = browserProcesses('potluck-tree-one');
      expect(processes[0]).toBe(one.pid);
      signalAll(processes, 'SIGSTOP');
      await expect.poll(() => processes.map(stateOf)).toEqual(['T', 'T']);
      signalAll(processes, 'SIGCONT');
      await expect.poll(() => processes.map(stateOf)).toEqual(['S', 'S']);
      const ended = new Promise((resolve) => one.once('exit', resolve));
      signalAll(processes, 'SIGKILL');
      await ended;
      expect(browserProcesses('potluck-tree-one')).toEqual([]);
      await expect.poll(() => browserProcesses('potluck-tree-two')).toHaveLength(2);
    } finally {
      for (const profile of ['potluck-tree-one', 'potluck-tree-two'])
        signalAll(browserProcesses(profile), 'SIGKILL');
      two.kill('SIGKILL');
    }
  },
);
