import type { VNode } from 'preact';

const RADIUS = 88;
const AROUND = 2 * Math.PI * RADIUS;

interface Props {
  /** 0..1, or null while the end is not known. */
  readonly share: number | null;
  readonly big: string;
  readonly small: string;
  readonly colour: string;
  /** Names the work that the ring fills with; without it, the ring is a picture of a number. */
  readonly label?: string;
}

/** One big number in a ring that is as full as the number says. */
export function Ring({ share, big, small, colour, label }: Props): VNode {
  const arc = AROUND * Math.min(1, Math.max(0, share ?? 0.12));
  return (
    <div
      class={share === null ? 'ring unknown' : 'ring'}
      data-testid="ring"
      {...(label === undefined
        ? { role: 'img', 'aria-label': `${big} ${small}` }
        : {
            role: 'progressbar',
            'aria-label': label,
            'aria-valuenow': share === null ? undefined : Math.round(share * 100),
          })}
    >
      <svg viewBox="0 0 200 200" aria-hidden="true">
        <circle class="track" cx="100" cy="100" r={RADIUS} />
        <circle
          class="arc"
          cx="100"
          cy="100"
          r={RADIUS}
          style={{ stroke: colour, opacity: arc > 0 ? 1 : 0 }}
          stroke-dasharray={`${arc} ${AROUND}`}
        />
      </svg>
      <div class="ring-words">
        <b>{big}</b>
        <span>{small}</span>
      </div>
    </div>
  );
}
