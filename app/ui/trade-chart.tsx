import type { VNode } from 'preact';
import { useId } from 'preact/hooks';
import type { FrontPoint } from '../../core/session/state.ts';
import { count, ms, rate } from './format.ts';
import type { PanelProps } from './plan-panels.tsx';
import { type Axis, axis, chosenPoint, modeOf, placeOn, pointWords, shownFront } from './trades.ts';
import { wordingOf } from './wording.ts';
import '../styles/plan.css';

/**
 * The best trades as a picture whose points can be picked, and as a list of the same choices. Drawn here and not
 * by uPlot, which paints on a canvas: there, points have no names, take no focus and no touch of 44 px.
 */
export function TradeChart({ state, plan, actions }: PanelProps): VNode {
  const id = useId();
  const leads = state.me === state.leader;
  const said = wordingOf(state);
  const points = shownFront(plan.front ?? []);
  const chosen = chosenPoint(points, state.mode);
  const present: FrontPoint = {
    latencyMs: plan.predictedLatencyMs,
    periodMs: plan.predictedPeriodMs,
    devices: 0,
  };
  return (
    <div class="trades">
      <p>
        With more devices at work at once, more answers come each second, but one answer may take longer on
        its way. Each point is the best plan of its kind: none is better in both. The number in it tells how
        many devices work.
        {leads ? ' Pick the one you like.' : ' The leader picks.'}
      </p>
      <Picture id={id} points={points} chosen={chosen} present={chosen < 0 ? present : null} />
      <fieldset class="trade-list">
        <legend class="unseen">Best trades, fastest answer first{leads ? '' : '; the leader chooses'}</legend>
        {points.map((point, i) => (
          <label key={`${point.latencyMs} ${point.periodMs}`} class="trade">
            <input
              type="radio"
              name={id}
              id={`${id}-${i}`}
              checked={i === chosen}
              disabled={!leads}
              onChange={() => actions.setMode(modeOf(points, i))}
              aria-label={said(pointWords(point))}
              data-testid="trade"
            />
            <span>{said(`${ms(point.latencyMs)} an answer`)}</span>
            <span>{said(rate(1000 / point.periodMs))}</span>
            <span class="soft">{count(point.devices, 'device')}</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}

/** Labels of the radio buttons below stand for the points: a tap on one picks it without a line of script. */
function Picture({
  id,
  points,
  chosen,
  present,
}: {
  readonly id: string;
  readonly points: readonly FrontPoint[];
  readonly chosen: number;
  readonly present: FrontPoint | null;
}): VNode {
  const all = present ? [...points, present] : points;
  const across = axis(all.map(({ periodMs }) => 1000 / periodMs));
  const up = axis(all.map(({ latencyMs }) => latencyMs));
  const place = (point: FrontPoint): { left: string; bottom: string } => ({
    left: `${(placeOn(across, 1000 / point.periodMs) * 100).toFixed(2)}%`,
    bottom: `${(placeOn(up, point.latencyMs) * 100).toFixed(2)}%`,
  });
  return (
    <div class="plot-box" aria-hidden="true">
      <span class="axis-name">Time for one answer, ms: lower is better</span>
      <div class="plot">
        {up.marks.map((mark) => (
          <i key={mark} class="level" style={{ bottom: `${placeOn(up, mark) * 100}%` }}>
            <span>{mark}</span>
          </i>
        ))}
        {across.marks.map((mark) => (
          <span key={mark} class="tick" style={{ left: `${placeOn(across, mark) * 100}%` }}>
            {mark}
          </span>
        ))}
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          <path d={stairs(points, across, up)} />
        </svg>
        {points.map((point, i) => (
          <label
            key={`${point.latencyMs} ${point.periodMs}`}
            for={`${id}-${i}`}
            class="point"
            data-chosen={i === chosen}
            style={place(point)}
            title={pointWords(point)}
          >
            <i>{point.devices}</i>
          </label>
        ))}
        {present && (
          <span class="point present" style={place(present)}>
            <i>now</i>
          </span>
        )}
      </div>
      <span class="axis-name across">Answers a second: further right is better</span>
    </div>
  );
}

/** Between two points no plan keeps the pace of the right one in less time than it: a step, not a slope. */
function stairs(points: readonly FrontPoint[], across: Axis, up: Axis): string {
  return points
    .map((point, i) => {
      const x = (placeOn(across, 1000 / point.periodMs) * 100).toFixed(2);
      const y = (100 - placeOn(up, point.latencyMs) * 100).toFixed(2);
      return i === 0 ? `M${x} ${y}` : `V${y}H${x}`;
    })
    .join('');
}
