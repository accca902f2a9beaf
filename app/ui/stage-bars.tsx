import type { VNode } from 'preact';
import type { StageView } from '../../core/session/state.ts';
import { bytes, count, layers, ms, percent } from './format.ts';
import { lanesOf } from './holdings.ts';
import { measuredLaneMs } from './measured.ts';
import type { PanelProps } from './plan-panels.tsx';
import { colourOf, deviceOf, nameOf } from './select.ts';

/** Each stage's time for one item, predicted and measured side by side, and what it holds. */
export function StageBars({ state, plan }: Pick<PanelProps, 'state' | 'plan'>): VNode {
  const { devices, requests } = state;
  const rows = plan.stages.flatMap((stage, index) =>
    lanesOf(stage).map((lane, _, lanes) => ({
      key: `${index} ${lane.peer}`,
      stage,
      lane,
      shared: lanes.length > 1,
      measured: measuredLaneMs(plan, devices, requests, index, lane),
    })),
  );
  const longest = Math.max(1e-6, ...rows.flatMap(({ lane, measured }) => [lane.ms, measured ?? 0]));
  return (
    <ol class="stages" aria-label="Parts of the plan, in order">
      {rows.map(({ key, stage, lane, shared, measured }) => (
        <li key={key} style={{ '--c': colourOf(deviceOf(devices, lane.peer)) }}>
          <div class="stage-head">
            <b>
              <i class="dot" />
              {nameOf(devices, lane.peer)}
            </b>
            <span>
              {layers(stage.start, stage.end)}
              {shared && `, ${percent(lane.share)} of the answers`} ·{' '}
              {bytes(stage.memoryBytes ?? stage.weightBytes)} of memory · sends {bytes(stage.sendsBytes)}
              {!shared && doubts(stage).map((words) => ` · ${words}`)}
            </span>
          </div>
          <Times share={lane.ms / longest} word="predicted" value={ms(lane.ms)} />
          <Times
            share={(measured ?? 0) / longest}
            word="measured"
            value={measured === null ? 'not yet' : ms(measured)}
          />
        </li>
      ))}
    </ol>
  );
}

/** How sure the predicted time is: "single runs took 11 ms to 15 ms", "time of 3 layers estimated". */
function doubts({ predictedMs, spread, estimatedBlocks = 0 }: StageView): readonly string[] {
  const [low, high] = [spread?.low ?? 1, spread?.high ?? 1].map((ratio) => ms(predictedMs * ratio));
  return [
    ...(low === high ? [] : [`single runs took ${low} to ${high}`]),
    ...(estimatedBlocks > 0 ? [`time of ${count(estimatedBlocks, 'layer')} estimated`] : []),
  ];
}

function Times({
  share,
  word,
  value,
}: {
  readonly share: number;
  readonly word: string;
  readonly value: string;
}): VNode {
  return (
    <div class="times" data-kind={word}>
      <span>{word}</span>
      <span class="track" aria-hidden="true">
        <i style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </span>
      <b>{value}</b>
    </div>
  );
}
