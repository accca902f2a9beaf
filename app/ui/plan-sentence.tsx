import type { ComponentChildren, VNode } from 'preact';
import type { PlanView, SessionState } from '../../core/session/state.ts';
import type { Actions } from '../session/store.ts';
import { ms } from './format.ts';
import { measuredMs, nameOf } from './select.ts';

/** Under this gain the two plans are the same to a person and to the error of the prediction. */
const WORTH_SAYING = 0.95;

interface Props {
  readonly state: SessionState;
  readonly setMode: Actions['setMode'];
}

/** The plan in plain words: predicted, measured, what one device alone would do, and who stays out. */
export function PlanSentence({ state, setMode }: Props): VNode {
  const { plan, devices } = state;
  if (!plan) return <p class="soft">Each device that joins makes the chain longer.</p>;
  const measured = measuredMs(state.requests);
  return (
    <p>
      <b>
        Predicted {ms(plan.predictedLatencyMs)} an answer,{' '}
        {measured === null ? 'not measured yet.' : `measured ${ms(measured)}.`}
      </b>
      <Alone state={state} plan={plan} setMode={setMode} />
      {plan.leftOut.map(({ peer, reason }) => (
        <Sentence key={peer}>
          {nameOf(devices, peer)} stays out: {lowerFirst(reason)}
        </Sentence>
      ))}
    </p>
  );
}

function Alone({ state, plan, setMode }: Props & { readonly plan: PlanView }): VNode | null {
  const { alone } = plan;
  if (!alone || plan.stages.length < 2 || alone.latencyMs > plan.predictedLatencyMs * WORTH_SAYING)
    return null;
  const who = alone.peer === state.me ? 'This device' : nameOf(state.devices, alone.peer);
  return (
    <>
      <Sentence>
        {who} alone would be faster: {ms(alone.latencyMs)} against {ms(plan.predictedLatencyMs)}.
      </Sentence>
      {state.me === state.leader && state.mode !== 'fastest' && (
        <>
          {' '}
          <button type="button" class="link" onClick={() => setMode('fastest')}>
            Use the fastest plan
          </button>
        </>
      )}
    </>
  );
}

function Sentence({ children }: { readonly children: ComponentChildren }): VNode {
  return <> {children}</>;
}

function lowerFirst(text: string): string {
  // Names and abbreviations keep their capitals.
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
