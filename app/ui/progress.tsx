import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import type { Progress } from '../../core/session/state.ts';
import { bytes, bytesOf, percent } from './format.ts';
import { remaining, type Said, settled, timeLeft } from './time-left.ts';

/** A step under way: words, a bar that moves only when something arrived, and what is left. */
export function ProgressLine({
  progress,
  testId,
}: {
  readonly progress: Progress;
  readonly testId?: string;
}): VNode {
  const amount = amountOf(progress);
  const left = useTimeLeft(progress);
  return (
    <div class="progress" data-testid={testId}>
      <div class="progress-text">
        <span>{progress.step}</span>
        <span class="soft">{listed(amount, left)}</span>
      </div>
      <Bar share={progress.fraction} label={progress.step} words={listed(amount, left)} />
    </div>
  );
}

interface BarProps {
  /** 0..1; null is work whose end nobody knows. */
  readonly share: number | null;
  readonly label: string;
  /** What the share is in units people know, for those who hear it. */
  readonly words?: string;
  readonly colour?: string;
  readonly role?: 'progressbar' | 'meter';
}

/** A horizontal bar, full at 1. */
export function Bar({ share, label, words, colour, role = 'progressbar' }: BarProps): VNode {
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
      aria-valuetext={words || undefined}
    >
      <i style={{ width: value === undefined ? undefined : `${value}%`, background: colour }} />
    </div>
  );
}

/** "82 of 256 MB", "82 MB" of nobody knows how many, "42%", or nothing. */
export function amountOf({ fraction, bytesDone, bytesTotal }: Progress): string {
  if (bytesDone === undefined) return fraction === null ? '' : percent(fraction);
  return bytesTotal === undefined ? bytes(bytesDone) : bytesOf(bytesDone, bytesTotal);
}

/** "about 20 s left", in words that do not follow every twitch of the line; empty while nobody knows. */
export function useTimeLeft({ step, secondsLeft }: Progress): string {
  const said = useRef<(Said & { readonly step: string }) | null>(null);
  if (secondsLeft === undefined) {
    said.current = null;
    return '';
  }
  const now = performance.now();
  const before = said.current?.step === step ? said.current : null;
  said.current = { ...settled(before, secondsLeft, now), step };
  return timeLeft(remaining(said.current, now));
}

/** The parts that there are, as a list. */
export function listed(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
