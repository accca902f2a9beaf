import { type Remote, wrap } from 'comlink';
import type { Planner } from '../../core/plan/question.ts';
import { PendingCalls } from '../../core/runtime/pending-calls.ts';
import type { PlannerWorker } from '../../worker/planner/browser.ts';

/** The planner in a worker, started with the first question. Where its code does not come, the page plans by itself. */
export function plannerInWorker(): Planner {
  let started: { readonly remote: Remote<PlannerWorker>; readonly pending: PendingCalls } | undefined;
  const start = (): NonNullable<typeof started> => {
    const worker = new Worker(new URL('../../worker/planner/browser.ts', import.meta.url), {
      type: 'module',
      name: 'planner',
    });
    const pending = new PendingCalls();
    worker.addEventListener('error', ({ message }) => {
      worker.terminate();
      pending.end(new Error(`The planner's worker broke: ${message || 'it gave no reason'}`));
    });
    return { remote: wrap<PlannerWorker>(worker), pending };
  };
  const ask = async <T>(
    there: (remote: Remote<PlannerWorker>) => Promise<T>,
    here: (planner: PlannerWorker) => T,
  ): Promise<T> => {
    started ??= start();
    const { remote, pending } = started;
    try {
      return await pending.track(() => there(remote));
    } catch (error) {
      if (!pending.ended) throw error;
      return here(await import('../../core/plan/planner.ts'));
    }
  };
  return {
    decide: (question) =>
      ask(
        (remote) => remote.decide(question),
        (planner) => planner.decide(question),
      ),
    tell: (question, plan) =>
      ask(
        (remote) => remote.tell(question, plan),
        (planner) => planner.tell(question, plan),
      ),
  };
}
