import type { PeerId } from '../ids.ts';
import type { Args, ChromeEvent, ChromeTrace } from './chrome-event.ts';
import type { DeviceTrace } from './device-trace.ts';
import { type Anchor, flowsOf } from './flows.ts';
import { isMoment, type Span } from './span.ts';
import { type NameOf, spanName, tracksOf } from './tracks.ts';

/** Where a request ends within its span: a moment before the edge, so that viewers find the span around it. */
const EDGE_US = 1;

/** What devices noted, the one that asked first, as one file for a viewer of traces: a process for each device. */
export function chromeTrace(
  devices: readonly DeviceTrace[],
  missing: readonly PeerId[],
  nameOf: NameOf,
): ChromeTrace {
  const starts = devices.flatMap(({ spans }) => spans.map(({ start }) => start));
  const begin = starts.reduce((least, start) => Math.min(least, start), starts[0] ?? 0);
  const micros = (at: number): number => Math.round((at - begin) * 1e6) / 1e3;
  const anchors = new Map<string, Anchor[]>();
  const events = devices.flatMap((device, at) => deviceEvents(device, at + 1, { nameOf, micros, anchors }));
  const gone = missing.map(
    (peer): ChromeEvent => ({
      ph: 'i',
      name: `${nameOf(peer)} did not answer: its part is missing`,
      cat: 'missing',
      ts: 0,
      pid: 1,
      tid: 0,
      s: 'g',
      args: {},
    }),
  );
  return {
    displayTimeUnit: 'ms',
    otherData: {
      startedAtMs: begin,
      devices: devices.map(({ peer, spans, clockAheadMs, clockErrorMs }) => {
        return { name: nameOf(peer), spans: spans.length, clockAheadMs, clockErrorMs };
      }),
      missing: missing.map(nameOf),
    },
    traceEvents: [...events, ...gone, ...flowsOf(anchors)],
  };
}

interface Drawing {
  readonly nameOf: NameOf;
  readonly micros: (at: number) => number;
  readonly anchors: Map<string, Anchor[]>;
}

function deviceEvents(
  { peer, spans, clockErrorMs }: DeviceTrace,
  pid: number,
  drawing: Drawing,
): ChromeEvent[] {
  const { nameOf, micros, anchors } = drawing;
  const labels = clockErrorMs === null ? 'clock not known' : `clock ± ${clockErrorMs.toFixed(2)} ms`;
  const about = (tid: number, name: string, args: Args): ChromeEvent => ({ ph: 'M', pid, tid, name, args });
  const events: ChromeEvent[] = [
    about(0, 'process_name', { name: nameOf(peer) }),
    about(0, 'process_labels', { labels }),
    about(0, 'process_sort_index', { sort_index: pid }),
    about(0, 'thread_name', { name: 'what happened' }),
  ];
  const through = (span: Span, tid: number): void => {
    if (span.origin === undefined || span.request === undefined) return;
    const key = `${span.origin} ${span.request}`;
    const known = anchors.get(key) ?? [];
    anchors.set(key, known);
    const [start, end] = [micros(span.start), micros(span.end)];
    if (span.kind !== 'request') known.push({ pid, tid, ts: start });
    else {
      known.push({ pid, tid, ts: start, end: 'first' });
      known.push({ pid, tid, ts: Math.max(start, end - EDGE_US), end: 'last' });
    }
  };
  const shared = spans.filter(({ kind }) => kind === 'shared');
  for (const [at, track] of tracksOf(spans, nameOf).entries()) {
    const tid = at + 1;
    events.push(about(tid, 'thread_name', { name: track.title }));
    events.push(about(tid, 'thread_sort_index', { sort_index: tid }));
    for (const span of track.spans) {
      const ts = micros(span.start);
      const dur = micros(span.end) - ts;
      const shown = { name: spanName(span, nameOf), cat: span.kind, args: argsOf(span, nameOf) };
      events.push({ ph: 'X', pid, tid, ts, dur, ...shown });
      through(span, tid);
      if (span.kind !== 'run') continue;
      // Others whose steps ran in the same run.
      for (const other of shared)
        if (other.start === span.start && other.stage === span.stage) through(other, tid);
    }
  }
  for (const span of spans.filter(({ kind }) => isMoment(kind))) {
    const shown = { name: spanName(span, nameOf), cat: span.kind, args: argsOf(span, nameOf) };
    events.push({ ph: 'i', pid, tid: 0, ts: micros(span.start), s: 'p', ...shown });
  }
  return events;
}

function argsOf(span: Span, nameOf: NameOf): Args {
  const { kind, epoch, stage, request, sequence, origin, peer, amount, note } = span;
  return {
    ...(epoch !== undefined && epoch > 0 && { epoch }),
    ...(stage !== undefined && { stage: stage + 1 }),
    ...(request !== undefined && { request }),
    ...(sequence !== undefined && { sequence }),
    ...(origin && { asked_by: nameOf(origin) }),
    ...(peer && { peer: nameOf(peer) }),
    ...(amount !== undefined && { [kind === 'run' ? 'compute_ms' : 'bytes']: amount }),
    ...(note && { [kind === 'run' ? 'provider' : 'note']: note }),
  };
}
