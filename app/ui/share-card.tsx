import type { VNode } from 'preact';
import type { PlanMode, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { Chain } from './chain.tsx';
import { PlanSentence } from './plan-sentence.tsx';
import { ProgressLine } from './progress.tsx';
import { useRoomLoading } from './use-room-loading.ts';
import { WhyPlan } from './why-plan.tsx';

interface Props {
  readonly state: SessionState;
  readonly actions: Actions;
}

/** The hero: how the work is shared, what that costs, and the one switch that changes it. */
export function ShareCard({ state, actions }: Props): VNode {
  const loading = useRoomLoading(state);
  return (
    <section class="card share" aria-labelledby="share-title">
      <div class="card-head">
        <h2 id="share-title">How the work is shared</h2>
        <ModeSwitch mode={state.mode} leads={state.me === state.leader} setMode={actions.setMode} />
      </div>
      <Chain state={state} />
      <div class="share-words">
        {state.preparing ? (
          <ProgressLine progress={state.preparing} testId="preparing" />
        ) : loading ? (
          <ProgressLine progress={loading} testId="room-loading" />
        ) : (
          <PlanSentence state={state} setMode={actions.setMode} />
        )}
      </div>
      {state.plan && <WhyPlan state={state} plan={state.plan} />}
    </section>
  );
}

function ModeSwitch({
  mode,
  leads,
  setMode,
}: {
  readonly mode: PlanMode;
  readonly leads: boolean;
  readonly setMode: Actions['setMode'];
}): VNode {
  const choice = (value: PlanMode, words: string): VNode => (
    <label class="segment-choice">
      <input
        type="radio"
        name="plan-mode"
        checked={mode === value}
        disabled={!leads}
        onChange={() => setMode(value)}
        data-testid={`mode-${value}`}
      />
      <span>{words}</span>
    </label>
  );
  return (
    <fieldset class="segmented">
      <legend class="unseen">
        {leads ? 'How to share the work' : 'How to share the work; the leader chooses'}
      </legend>
      {choice('fastest', 'Fastest')}
      {choice('everyone', 'Everyone takes part')}
    </fieldset>
  );
}
