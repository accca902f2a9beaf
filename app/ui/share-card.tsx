import type { VNode } from 'preact';
import type { SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Chain } from './chain.tsx';
import { ModeChoice } from './mode-choice.tsx';
import { PlanPanels } from './plan-panels.tsx';
import { PlanSentence } from './plan-sentence.tsx';
import { ProgressLine } from './progress.tsx';
import { useRoomLoading } from './use-room-loading.ts';

interface Props {
  readonly state: SessionState;
  readonly actions: Actions;
}

/** The hero: how the work is shared, what that costs, and the choice that changes it. */
export function ShareCard({ state, actions }: Props): VNode {
  const loading = useRoomLoading(state);
  return (
    <section class="card share" aria-labelledby="share-title">
      <h2 id="share-title">How the work is shared</h2>
      <Chain state={state} />
      <ModeChoice state={state} setMode={actions.setMode} />
      <div class="share-words">
        {state.preparing ? (
          <ProgressLine progress={state.preparing} testId="preparing" />
        ) : loading ? (
          <ProgressLine progress={loading} testId="room-loading" />
        ) : (
          <PlanSentence state={state} setMode={actions.setMode} />
        )}
      </div>
      {state.plan && <PlanPanels state={state} plan={state.plan} actions={actions} />}
    </section>
  );
}
