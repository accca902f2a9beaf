import type { PeerId } from '../ids.ts';
import { lanesOf } from './lanes.ts';
import { isMoment, type Span, type SpanKind } from './span.ts';

export type NameOf = (peer: PeerId | undefined) => string;

/** One line of a device in the viewer: spans that do not overlap. */
export interface Track {
  readonly title: string;
  readonly spans: readonly Span[];
}

/** In the order in which an item meets them. */
const ORDER: readonly SpanKind[] = ['request', 'receive', 'wait', 'run', 'send', 'gather', 'load', 'plan'];

/** Sorts a device's spans into tracks: by what they are, which stage or which link; those at once lie side by side. */
export function tracksOf(spans: readonly Span[], nameOf: NameOf): Track[] {
  const groups = new Map<string, Span[]>();
  const place = ({ kind, stage }: Span): number => ORDER.indexOf(kind) * 0x1_0000 + (stage ?? 0);
  const lasting = spans.filter(({ kind }) => !isMoment(kind) && kind !== 'shared');
  for (const span of lasting.toSorted((a, b) => place(a) - place(b))) {
    const title = titleOf(span, nameOf);
    const group = groups.get(title);
    if (group) group.push(span);
    else groups.set(title, [span]);
  }
  return [...groups].flatMap(([title, group]) =>
    lanesOf(group).map((lane, at) => ({ title: at === 0 ? title : `${title} (${at + 1})`, spans: lane })),
  );
}

function titleOf({ kind, stage, peer }: Span, nameOf: NameOf): string {
  switch (kind) {
    case 'request':
      return 'requests';
    case 'wait':
      return 'inbox';
    case 'run':
      return stageName(stage);
    case 'send':
      return `to ${nameOf(peer)}`;
    case 'receive':
      return `from ${nameOf(peer)}`;
    case 'gather':
    case 'load':
      return 'loading';
    default:
      return 'planning';
  }
}

/** As people count: the first is 1. An answer has none: it goes home. */
function stageName(stage: number | undefined): string {
  return stage === undefined ? 'home' : `stage ${stage + 1}`;
}

/** What one span is called: alike where it is alike, so that viewers count and colour it together. */
export function spanName({ kind, request = 0, stage, peer, note = '' }: Span, nameOf: NameOf): string {
  switch (kind) {
    case 'request':
      return `request ${request}`;
    case 'run':
    case 'shared':
      return stageName(stage);
    case 'wait':
      return `wait for ${stageName(stage)}`;
    case 'send':
      return `send to ${stageName(stage)}`;
    case 'receive':
      return `receive for ${stageName(stage)}`;
    case 'gather':
      return `gather ${stageName(stage)}`;
    case 'load':
      return `load ${stageName(stage)}`;
    case 'plan':
      return 'plan';
    case 'again':
      return `request ${request} enters again`;
    case 'failed':
      return `request ${request}: ${note}`;
    case 'plan-runs':
      return 'a plan runs';
    case 'leader':
      return `${nameOf(peer)} leads`;
    case 'peer-up':
      return `link with ${nameOf(peer)}`;
    case 'peer-lost':
      return `${nameOf(peer)} is gone: ${note}`;
  }
}
