import type { VNode } from 'preact';
import type { PlanView } from '../../core/session/state.ts';
import { ms, percent, rate } from './format.ts';
import { measuredMs, measuredPerSecond } from './measured.ts';
import { Pair } from './pair.tsx';
import type { PanelProps } from './plan-panels.tsx';
import { aimWords, estimateWords, proofWords, standingWords } from './plan-words.ts';
import { nameOf } from './select.ts';
import { StageBars } from './stage-bars.tsx';
import { whatIfWords } from './what-if-words.ts';
import { wordingOf } from './wording.ts';
import '../styles/plan.css';

/** Everything that speaks for the plan, one tap deeper. */
export function WhyPlan({ state, plan }: PanelProps): VNode {
  const name = (peer: PlanView['stages'][number]['peer']): string => nameOf(state.devices, peer);
  const said = wordingOf(state);
  const { told, same } = whatIfWords(plan, name);
  const words = [aimWords(plan), proofWords(plan), estimateWords(plan), standingWords(plan)];
  return (
    <div class="reasons">
      <p>{said(words.filter((sentence) => sentence !== null).join(' '))}</p>
      <h3>{said('Time of each part for one answer')}</h3>
      <StageBars state={state} plan={plan} />
      {plan.leftOut.length > 0 && (
        <>
          <h3>Who stays out</h3>
          <ul class="points">
            {plan.leftOut.map(({ peer, reason }) => (
              <li key={peer}>
                <b>{name(peer)}.</b> {said(reason)}
              </li>
            ))}
          </ul>
        </>
      )}
      {(told.length > 0 || same !== null) && (
        <>
          <h3>If the room were another</h3>
          <ul class="points">
            {told.map((sentence) => (
              <li key={sentence}>{said(sentence)}</li>
            ))}
            {same !== null && <li>{same}</li>}
          </ul>
        </>
      )}
      <h3>In numbers</h3>
      <Numbers state={state} plan={plan} />
    </div>
  );
}

function Numbers({ state, plan }: Pick<PanelProps, 'state' | 'plan'>): VNode {
  const { alone } = plan;
  const said = wordingOf(state);
  return (
    <dl class="pairs">
      <Pair name={said('Time for one answer, predicted')} value={ms(plan.predictedLatencyMs)} />
      <Pair name="measured (median)" value={ms(measuredMs(plan, state.requests))} />
      <Pair name="Rate at most, predicted" value={said(rate(1000 / plan.predictedPeriodMs))} />
      <Pair name="measured, several at once" value={rate(measuredPerSecond(plan, state.requests))} />
      <Pair name="Period (slowest part or transfer)" value={ms(plan.predictedPeriodMs)} />
      <Pair
        name="Best single device"
        value={
          alone ? `${nameOf(state.devices, alone.peer)}, ${ms(alone.latencyMs)}` : 'none can hold it all'
        }
      />
      <Pair name="Gap to the best there can be" value={gapOf(plan)} />
      <Pair name="Plan number (epoch)" value={String(plan.epoch)} />
      <Pair name="Layers between usable cuts" value={String(plan.blocks)} />
    </dl>
  );
}

function gapOf({ optimal, gap = 0 }: PlanView): string {
  if (optimal) return 'none, proven';
  return gap > 0 ? `at most ${percent(gap)}` : 'not known';
}
