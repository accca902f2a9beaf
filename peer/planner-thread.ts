import { parentPort } from 'node:worker_threads';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { decide, tell } from '../core/plan/planner.ts';

/** The planner in a thread of its own: no search, however long, holds up a heartbeat. */
const planner: { readonly decide: typeof decide; readonly tell: typeof tell } = { decide, tell };

export type PlannerThread = typeof planner;

if (parentPort) expose(planner, nodeEndpoint(parentPort));
