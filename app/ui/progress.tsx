import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import type { Progress } from '../../core/session/state.ts';
import { bytes, left, percent } from './format.ts';

/** A step under way: words, a bar that moves only when something arrived, and what is left. */
export function ProgressLine({
  progress,
  testId,
}: {
  readonly progress: Progress;
  readonly testId?: string;
}): VNode {
  return (
    <div class="progress" data-testid={testId}>
      <div class="progress-text">
        <span>{progress.step}</span>
        <span class="soft">{useAmount(progress)}</span>
      </div>
      <Bar share={progress.fraction} label={progress.step} />
    </div>
  );
}

/** A horizontal bar, full at 1; a null share is work whose end nobody knows. */
export function Bar({
  share,
  label,
  colour,
  role = 'progressbar',
}: {
  readonly share: number | null;
  readonly label: string;
  readonly colour?: string;
  readonly role?: 'progressbar' | 'meter';
}): VNode {
  const value = share === null ? undefined : Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles take a label; the rule cannot see through the prop.
    <div
      class={share === null ? 'bar unknown' : 'bar'}
      role={role}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value}
    >
      <i style={{ width: value === undefined ? undefined : `${value}%`, background: colour }} />
    </div>
  );
}

/** "1.2 of 3.5 MB, 4 s left", as far as it is known; the rate is measured from the first bytes seen here. */
export function useAmount({ fraction, bytesDone, bytesTotal }: Progress): string {
  const first = useRef<{ at: number; done: number } | null>(null);
  if (bytesDone === undefined || bytesTotal === undefined) return fraction === null ? '' : percent(fraction);
  const now = performance.now();
  if (first.current === null || bytesDone < first.current.done) first.current = { at: now, done: bytesDone };
  const perMs = (bytesDone - first.current.done) / (now - first.current.at);
  const amount = `${bytes(bytesDone)} of ${bytes(bytesTotal)}`;
  return perMs > 0 && bytesDone < bytesTotal
    ? `${amount}, ${left((bytesTotal - bytesDone) / perMs)}`
    : amount;
}
