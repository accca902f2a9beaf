import { wrap } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { messageOf } from '../core/errors.ts';
import type { Planner } from '../core/plan/question.ts';
import { PendingCalls } from '../core/runtime/pending-calls.ts';
import type { PlannerThread } from './planner-thread.ts';
import { startThread } from './start-thread.ts';

/** A planner in a thread. A thread that breaks, which nothing explains, makes all further plans fail. */
export function plannerInThread(): Planner {
  const worker = startThread('./planner-thread.ts', 'planner');
  // Does not keep the process alive.
  worker.unref();
  const pending = new PendingCalls();
  worker.on('error', (error) => pending.end(new Error(`The planner's thread broke: ${messageOf(error)}`)));
  const remote = wrap<PlannerThread>(nodeEndpoint(worker));
  return {
    decide: (question) => pending.track(async () => remote.decide(question)),
    tell: (question, plan) => pending.track(() => remote.tell(question, plan)),
  };
}
