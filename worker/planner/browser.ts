import { expose } from 'comlink';
import { decide, tell } from '../../core/plan/planner.ts';

/** The planner in a thread of its own: no search, however long, ever blocks the page. */
const planner: { readonly decide: typeof decide; readonly tell: typeof tell } = { decide, tell };

export type PlannerWorker = typeof planner;

expose(planner);
