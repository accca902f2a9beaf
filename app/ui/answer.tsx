import type { VNode } from 'preact';
import type { SessionState } from '../../core/session/state.ts';
import type { Answer } from '../session/store.ts';
import { ms, number, percent, shape } from './format.ts';
import { nameOf } from './select.ts';
import { summarise } from './tensor-summary.ts';

/** The best classes as bars, best first. */
export function TopBars({ top, most }: { readonly top: Answer['top']; readonly most: number }): VNode {
  return (
    <ol class="top">
      {top.slice(0, most).map((entry) => (
        <li key={entry.index} data-testid="top-entry" data-index={entry.index} data-label={entry.label}>
          <span class="top-label">{entry.label}</span>
          <i class="top-bar">
            <i style={{ width: `${(entry.probability * 100).toFixed(1)}%` }} />
          </i>
          <span class="top-share">{percent(entry.probability)}</span>
        </li>
      ))}
    </ol>
  );
}

/** What came out, for models whose answer is not a list of classes. */
export function Outputs({ outputs }: { readonly outputs: Answer['outputs'] }): VNode {
  return (
    <dl class="outputs">
      {outputs.map(({ name, tensor }) => {
        const { min, max, mean, first } = summarise(tensor);
        return (
          <div key={name}>
            <dt>
              {name} <span class="soft">{shape(tensor.dims)}</span>
            </dt>
            <dd>
              from {number(min)} to {number(max)}, mean {number(mean)}
              <span class="soft block">begins {first.map(number).join(', ')}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** "41 ms · laptop → Pixel". */
export function PathLine({
  answer,
  state,
}: {
  readonly answer: Answer;
  readonly state: SessionState;
}): VNode {
  const path = (state.plan?.stages ?? []).map((stage) => nameOf(state.devices, stage.peer));
  return (
    <p class="path">
      <b>{ms(answer.latencyMs)}</b> · {path.join(' → ')}
    </p>
  );
}
