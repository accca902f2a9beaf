import type { VNode } from 'preact';
import type { PlanView, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { measuredMs, measuredPerSecond } from './measured.ts';
import { betterAlone, headline, lowerFirst, shapeWords } from './plan-words.ts';
import { lostDevice, nameOf } from './select.ts';
import { mostTelling } from './what-if-words.ts';
import { wordingOf } from './wording.ts';

/** More of them would bury the rest; all are one tap deeper. */
const LEFT_OUT_TOLD = 2;

interface Props {
  readonly state: SessionState;
  readonly setMode: Actions['setMode'];
}

/** The plan in plain words: predicted, measured, what one device alone would do, and who stays out. */
export function PlanSentence({ state, setMode }: Props): VNode {
  const { plan, devices, requests } = state;
  if (!plan)
    return (
      <p class="soft">
        {lostDevice(state) === null
          ? 'Each device that joins makes the chain longer.'
          : 'What was asked is asked again by itself.'}
      </p>
    );
  const name = (peer: PlanView['stages'][number]['peer']): string => nameOf(devices, peer);
  const said = wordingOf(state);
  const more = plan.leftOut.length - LEFT_OUT_TOLD;
  const words = [
    ...shapeWords(plan, name),
    ...plan.leftOut
      .slice(0, LEFT_OUT_TOLD)
      .map(({ peer, reason }) => `${name(peer)} stays out: ${lowerFirst(reason)}`),
    ...(more > 0 ? [more === 1 ? 'One more stays out.' : `${more} more stay out.`] : []),
    ...mostTelling(plan, name),
  ];
  return (
    <>
      <p>
        <b>{said(headline(plan, measuredMs(plan, requests), measuredPerSecond(plan, requests)))}</b>{' '}
        {said(words.join(' '))}
      </p>
      <Alone state={state} plan={plan} setMode={setMode} />
      {plan.because !== undefined && (
        <p class="because" data-testid="because">
          {plan.because}
        </p>
      )}
    </>
  );
}

function Alone({ state, plan, setMode }: Props & { readonly plan: PlanView }): VNode | null {
  const { me, leader, devices, mode } = state;
  const words = betterAlone(plan, (peer) => (peer === me ? 'This device' : nameOf(devices, peer)));
  if (words === null) return null;
  // The fastest plan may be of several devices still, and faster than any one.
  const one = plan.front?.[0]?.devices === 1;
  return (
    <p class="offer">
      <span>{wordingOf(state)(words)}</span>
      {me === leader && mode !== 'fastest' && (
        <button type="button" onClick={() => setMode('fastest')} data-testid="use-fastest">
          {one ? 'Use just this one' : 'Use the fastest plan'}
        </button>
      )}
    </p>
  );
}
