import { fork } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from '../../e2e/repository.ts';
import type { CrowdReport, CrowdTask } from './crowd.types.ts';

/** Pages in processes of their own, which stay until they are ended. */
export class Crowds {
  readonly #end: (() => unknown)[] = [];

  /** Resolves when the task is done; those who came stay. */
  async send<Kind extends CrowdTask['kind']>(
    task: Extract<CrowdTask, { kind: Kind }>,
  ): Promise<Extract<CrowdReport, { kind: Kind }>> {
    const child = fork('bench/server/crowd.ts', { cwd: ROOT, execArgv: ['--import', 'tsx'] });
    this.#end.push(() => child.kill());
    child.send(task);
    const ended = once(child, 'exit').then(() => {
      throw new Error('a crowd ended early');
    });
    const [report] = (await Promise.race([once(child, 'message'), ended])) as [CrowdReport];
    ended.catch(() => undefined);
    if (report.kind !== task.kind) throw new Error('a crowd answered out of turn');
    return report as Extract<CrowdReport, { kind: Kind }>;
  }

  end(): void {
    for (const end of this.#end) end();
  }
}
