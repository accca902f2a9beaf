import type { VNode } from 'preact';
import type { PlanMode, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { promises } from './aim.ts';
import { ms, rate } from './format.ts';
import { wordingOf } from './wording.ts';

interface Props {
  readonly state: SessionState;
  readonly setMode: Actions['setMode'];
}

/** What the room is to be best at: three choices, each with what it promises, and a fourth once it is picked below. */
export function ModeChoice({ state, setMode }: Props): VNode {
  const { mode, plan } = state;
  const leads = state.me === state.leader;
  const { fastest, most, everyone } = promises(plan);
  const said = wordingOf(state);
  const choice = (value: PlanMode, id: string, title: string, promise: string): VNode => (
    <label class="mode">
      <input
        type="radio"
        name="plan-mode"
        checked={typeof mode === 'object' ? id === 'between' : mode === value}
        disabled={!leads}
        onChange={() => setMode(value)}
        data-testid={`mode-${id}`}
      />
      <span>
        <b>{title}</b>
        <span class="promise">{said(promise)}</span>
      </span>
    </label>
  );
  return (
    <fieldset class="modes" data-choices={typeof mode === 'object' ? 4 : 3}>
      <legend class="unseen">
        {leads ? 'How to share the work' : 'How to share the work; the leader chooses'}
      </legend>
      {choice(
        'fastest',
        'fastest',
        'Fastest answer',
        fastest === null ? 'least time for one' : `${ms(fastest)} an answer`,
      )}
      {choice('most', 'most', 'Most answers', most === null ? 'many at the same time' : rate(most))}
      {choice(
        'everyone',
        'everyone',
        'Everyone takes part',
        everyone === null ? 'a part for each' : `${ms(everyone)} an answer`,
      )}
      {typeof mode === 'object' && choice(mode, 'between', 'In between', rate(1000 / mode.everyMs))}
    </fieldset>
  );
}
