import type { VNode } from 'preact';
import type { PlanView, SessionState } from '../../core/session/state.ts';
import { bytes, ms, span } from './format.ts';
import { colourOf, deviceOf, measuredMs, measuredStageMs, nameOf } from './select.ts';

/** Everything an engineer wants to know of the plan, one tap deeper. */
export function WhyPlan({ state, plan }: { readonly state: SessionState; readonly plan: PlanView }): VNode {
  return (
    <details class="why">
      <summary>Why this plan?</summary>
      <p>
        {plan.mode === 'fastest'
          ? 'Of all ways to cut the model into runs of layers, this one should give an answer soonest, by the speed, memory and links that the devices measured.'
          : 'Every device that can holds at least one layer; among those ways to cut, the slowest part is as quick as it can be.'}
        {plan.optimal
          ? ' No better cut exists by these numbers.'
          : ' A better cut may exist; the search was cut short.'}
      </p>
      <StageTable state={state} plan={plan} />
      <dl class="pairs">
        <Pair name="Latency, predicted" value={ms(plan.predictedLatencyMs)} />
        <Pair name="Latency, measured (median)" value={ms(measuredMs(state.requests))} />
        <Pair name="Period (slowest stage or transfer)" value={ms(plan.predictedPeriodMs)} />
        <Pair
          name="Best single device"
          value={
            plan.alone
              ? `${nameOf(state.devices, plan.alone.peer)}, ${ms(plan.alone.latencyMs)}`
              : 'none can hold the whole model'
          }
        />
        <Pair name="Plan number (epoch)" value={String(plan.epoch)} />
        <Pair name="Layers between usable cuts" value={String(plan.blocks)} />
      </dl>
    </details>
  );
}

export function Pair({ name, value }: { readonly name: string; readonly value: string }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function StageTable({ state, plan }: { readonly state: SessionState; readonly plan: PlanView }): VNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard.
    <section class="table-scroll" aria-label="Stages of the plan" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Layers</th>
            <th scope="col">Holds</th>
            <th scope="col">Sends on</th>
            <th scope="col">Predicted</th>
            <th scope="col">Measured</th>
          </tr>
        </thead>
        <tbody>
          {plan.stages.map((stage, i) => (
            <tr key={stage.peer}>
              <th scope="row">
                <i class="dot" style={{ background: colourOf(deviceOf(state.devices, stage.peer)) }} />
                {nameOf(state.devices, stage.peer)}
              </th>
              <td>{span(stage.start, stage.end)}</td>
              <td>{bytes(stage.weightBytes)}</td>
              <td>{bytes(stage.sendsBytes)}</td>
              <td>{ms(stage.predictedMs)}</td>
              <td>{ms(measuredStageMs(state.requests, i))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
