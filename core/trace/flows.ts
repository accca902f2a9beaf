import type { ChromeEvent, Place } from './chrome-event.ts';

/** A place in a complete event through which a request went. */
export interface Anchor extends Place {
  readonly ts: number;
  /** Of the request itself, which is before and after everything else, whatever the clocks say. */
  readonly end?: 'first' | 'last';
}

const RANK = { first: -1, last: 1 } as const;

/** Arrows that follow each request from device to device. */
export function flowsOf(requests: ReadonlyMap<string, readonly Anchor[]>): ChromeEvent[] {
  return [...requests.values()].flatMap((anchors, at) => {
    if (anchors.length < 2) return [];
    const rank = ({ end }: Anchor): number => (end ? RANK[end] : 0);
    const sorted = anchors.toSorted((a, b) => rank(a) - rank(b) || a.ts - b.ts);
    return sorted.map(({ pid, tid, ts }, step): ChromeEvent => {
      const flow = { pid, tid, ts, id: at + 1, name: 'request', cat: 'flow' };
      if (step === 0) return { ...flow, ph: 's' };
      return step < sorted.length - 1 ? { ...flow, ph: 't' } : { ...flow, ph: 'f', bp: 'e' };
    });
  });
}
