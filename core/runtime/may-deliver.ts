import type { PeerId } from '../ids.ts';
import { type Activation, RESULT_STAGE } from '../protocol/frame.types.ts';
import { holdersOf } from '../session/holders.ts';
import type { PlanView } from '../session/state.ts';
import type { StageHost } from './stage-host.ts';

/** An activation is taken from the peers that the plan has it come from, and from nobody else. */
export function mayDeliver(
  peer: PeerId,
  { epoch, stage, origin, joined }: Activation,
  plan: PlanView | null,
  host: Pick<StageHost, 'termsOf'>,
): boolean {
  // Runs of several are put together where they enter, and go home one by one.
  if (joined && (stage === 0 || stage === RESULT_STAGE)) return false;
  if (stage === 0) return peer === origin;
  const last = plan?.stages.at(-1);
  const before =
    stage === RESULT_STAGE ? last && holdersOf(last) : host.termsOf(epoch, stage)?.holders[stage - 1];
  return before?.some((holder) => holder.peer === peer) ?? false;
}
