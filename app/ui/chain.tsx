import type { VNode } from 'preact';
import type { SessionState, StageView } from '../../core/session/state.ts';
import { bytes, layers, ms, percent, shares, span } from './format.ts';
import { type Lane, lanesOf, meanMs } from './holdings.ts';
import { useLinger } from './linger.ts';
import { atWork, colourOf, deviceOf, ends, lostDevice, nameOf } from './select.ts';
import { useLoads } from './use-room-loading.ts';

/** Least share of the width, so that a quick device can still be named. */
const LEAST_WIDTH = 0.12;
/** Under this share a boundary label would run into the words at that end of the chain. */
const CROWDED = 0.22;
/** A pulse of 40 ms would only flicker; the eye gets to follow it at least this long. */
const PULSE_MS = 900;

interface Props {
  readonly state: SessionState;
  readonly slim?: boolean;
}

/** The chain of devices: the wider, the more of the time. A pulse runs along it while somebody asks. */
export function Chain({ state, slim = false }: Props): VNode {
  const { plan, requests } = state;
  const running = useLinger(atWork(requests), PULSE_MS);
  if (!plan || plan.stages.length === 0) return <EmptyChain state={state} />;
  const widths = shares(plan.stages.map(meanMs), LEAST_WIDTH);
  const deepest = Math.max(...plan.stages.map((stage) => lanesOf(stage).length));
  return (
    <div class={slim ? 'chain-box slim' : 'chain-box'}>
      <ol
        class={running ? 'chain running' : 'chain'}
        style={{ '--lanes': deepest }}
        aria-label="The chain of devices, in order"
      >
        {plan.stages.map((stage, i) => (
          <Segment
            key={`${i} ${stage.peer}`}
            state={state}
            stage={stage}
            width={widths[i] ?? 0}
            slim={slim}
          />
        ))}
      </ol>
      {!slim && <Flow state={state} widths={widths} />}
    </div>
  );
}

/** One stage: a device, or several under one another that hold the same layers. */
function Segment({
  state,
  stage,
  width,
  slim,
}: {
  readonly state: SessionState;
  readonly stage: StageView;
  readonly width: number;
  readonly slim: boolean;
}): VNode {
  const loads = useLoads(state);
  const lanes = lanesOf(stage);
  return (
    <li
      class={lanes.length > 1 ? 'segment shared' : 'segment'}
      style={{ width: percentOf(width) }}
      data-testid="chain-segment"
      data-peer={stage.peer}
    >
      {lanes.map((lane) => {
        const load = loads?.amounts.get(lane.peer);
        const mine = lane.peer === state.me;
        const name = nameOf(state.devices, lane.peer);
        return (
          <div
            key={lane.peer}
            class={state.plan?.status === 'loading' ? 'lane filling' : 'lane'}
            style={{ '--c': colourOf(deviceOf(state.devices, lane.peer)) }}
            data-peer={lane.peer}
            data-mine={mine}
            title={`${name}: ${layers(stage.start, stage.end)}, ${ms(lane.ms)}`}
          >
            {load && <i class="fill" style={{ width: percentOf(load.done / Math.max(1, load.total)) }} />}
            <span class="who">{slim && mine ? 'you' : name}</span>
            <LaneWords stage={stage} lane={lane} of={lanes.length} />
          </div>
        );
      })}
    </li>
  );
}

function LaneWords({
  stage,
  lane,
  of,
}: {
  readonly stage: StageView;
  readonly lane: Lane;
  readonly of: number;
}): VNode {
  return (
    <span class="what">
      <span class="word">{stage.end - stage.start === 1 ? 'layer ' : 'layers '}</span>
      {span(stage.start, stage.end)}
      {of > 1 && (
        <>
          , {percent(lane.share)}
          <span class="word"> of the answers</span>
        </>
      )}
    </span>
  );
}

/** What flows at each boundary, under it. */
function Flow({
  state,
  widths,
}: {
  readonly state: SessionState;
  readonly widths: readonly number[];
}): VNode {
  const { into, back } = ends(state.model);
  const stages = state.plan?.stages ?? [];
  const crowded = widths.length > 1 && ((widths[0] ?? 1) < CROWDED || (widths.at(-1) ?? 1) < CROWDED);
  let edge = 0;
  return (
    <div class={crowded ? 'flow crowded' : 'flow'} data-many={stages.length > 5}>
      <span class="end">{into}</span>
      {stages.slice(0, -1).map((stage, i) => {
        edge += widths[i] ?? 0;
        return (
          <span class="between" key={`${i} ${stage.peer}`} style={{ left: percentOf(edge) }}>
            {bytes(stage.sendsBytes)}
          </span>
        );
      })}
      <span class="end">{back}</span>
    </div>
  );
}

/** Before the first plan: an empty place at the table. */
function EmptyChain({ state }: { readonly state: SessionState }): VNode {
  const lost = lostDevice(state);
  return (
    <div class="chain-box">
      <div class="chain empty">
        {lost !== null
          ? `${lost} is gone. The others take its layers.`
          : state.devices.some((device) => device.card.status === 'measuring')
            ? 'The layers are shared out as soon as the devices are measured.'
            : 'No layers are shared out yet.'}
      </div>
      <div class="flow" />
    </div>
  );
}

function percentOf(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
