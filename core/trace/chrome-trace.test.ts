import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { PeerId } from '../ids.ts';
import type { ChromeEvent, ChromeTrace } from './chrome-event.ts';
import { chromeTrace } from './chrome-trace.ts';
import type { Span } from './span.ts';

const [LAPTOP, PHONE, TABLET] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [
  PeerId,
  PeerId,
  PeerId,
];
const NAMES = new Map([
  [LAPTOP, 'Laptop'],
  [PHONE, 'Phone'],
  [TABLET, 'Tablet'],
]);
const nameOf = (peer: PeerId | undefined): string => (peer && NAMES.get(peer)) ?? 'a device';

/** The Trace Event Format, as far as it is used: what its document asks of each kind of event. */
const time = v.pipe(v.number(), v.finite(), v.minValue(0));
const place = { pid: v.pipe(v.number(), v.integer()), tid: v.pipe(v.number(), v.integer()) };
const args = v.record(v.string(), v.union([v.string(), v.number()]));
const named = { name: v.pipe(v.string(), v.nonEmpty()), cat: v.pipe(v.string(), v.nonEmpty()), ts: time };
const metadata = (name: string, value: v.GenericSchema) =>
  v.strictObject({ ph: v.literal('M'), ...place, name: v.literal(name), args: value });
const FILE = v.strictObject({
  displayTimeUnit: v.picklist(['ms', 'ns']),
  otherData: v.object({ missing: v.array(v.string()) }),
  traceEvents: v.array(
    v.variant('ph', [
      ...['process_name', 'thread_name'].map((name) => metadata(name, v.strictObject({ name: v.string() }))),
      metadata('process_labels', v.strictObject({ labels: v.string() })),
      ...['process_sort_index', 'thread_sort_index'].map((name) =>
        metadata(name, v.strictObject({ sort_index: v.number() })),
      ),
      v.strictObject({ ph: v.literal('X'), ...place, ...named, dur: time, args }),
      v.strictObject({ ph: v.literal('i'), ...place, ...named, s: v.picklist(['g', 'p', 't']), args }),
      v.strictObject({ ph: v.picklist(['s', 't']), ...place, ...named, id: v.number() }),
      v.strictObject({ ph: v.literal('f'), ...place, ...named, id: v.number(), bp: v.literal('e') }),
    ] as unknown as [v.StrictObjectSchema<{ ph: v.LiteralSchema<string, undefined> }, undefined>]),
  ),
});

/** One request of the laptop that runs on the phone and the tablet, which each also do something else. */
function spans(): Record<'laptop' | 'phone' | 'tablet', Span[]> {
  const about = { epoch: 5, origin: LAPTOP, request: 3, sequence: 0 };
  const hop = { ...about, amount: 1000 };
  return {
    laptop: [
      { kind: 'send', start: 100, end: 100.2, stage: 0, peer: PHONE, ...hop },
      { kind: 'receive', start: 119, end: 119.1, peer: TABLET, ...hop },
      { kind: 'request', start: 100, end: 120, ...about },
      { kind: 'request', start: 105, end: 125, ...about, request: 4 },
      { kind: 'peer-lost', start: 140, end: 140, epoch: 0, peer: PHONE, note: 'closed the page' },
    ],
    phone: [
      { kind: 'receive', start: 102, end: 102.1, stage: 0, peer: LAPTOP, ...hop },
      { kind: 'run', start: 103, end: 108, stage: 0, ...about, amount: 4, note: 'wasm' },
      { kind: 'send', start: 108, end: 108.2, stage: 1, peer: TABLET, ...hop },
    ],
    tablet: [
      { kind: 'receive', start: 110, end: 110.1, stage: 1, peer: PHONE, ...hop },
      { kind: 'run', start: 111, end: 116, stage: 1, ...about, request: 4, amount: 4, note: 'webgpu' },
      { kind: 'shared', start: 111, end: 116, stage: 1, ...about },
      { kind: 'send', start: 116.1, end: 116.2, peer: LAPTOP, ...hop },
    ],
  };
}

function trace(missing: readonly PeerId[] = []): ChromeTrace {
  const { laptop, phone, tablet } = spans();
  const devices = [
    { peer: LAPTOP, spans: laptop, clockErrorMs: 0, clockAheadMs: 0 },
    { peer: PHONE, spans: phone, clockErrorMs: 0.75, clockAheadMs: 7000 },
    { peer: TABLET, spans: tablet, clockErrorMs: null, clockAheadMs: 0 },
  ];
  return chromeTrace(devices, missing, nameOf);
}

const ofPhase = <P extends ChromeEvent['ph']>(file: ChromeTrace, ...phases: P[]) =>
  file.traceEvents.filter((event): event is Extract<ChromeEvent, { ph: P }> =>
    phases.includes(event.ph as P),
  );

describe('the trace of a room as a file', () => {
  it('is of the Trace Event Format, after JSON too', () => {
    expect(v.parse(FILE, JSON.parse(JSON.stringify(trace([PHONE]))))).toBeDefined();
    expect(() =>
      v.parse(FILE, { ...trace(), traceEvents: [{ ph: 'X', pid: 1, tid: 1, name: 'x' }] }),
    ).toThrow();
    expect(v.parse(FILE, chromeTrace([], [], nameOf)).traceEvents).toEqual([]);
  });

  it('has a process for each device, with its name, its order and how sure its clock is', () => {
    const about = (name: string) =>
      ofPhase(trace(), 'M')
        .filter((event) => event.name === name)
        .map(({ pid, args }) => [pid, ...Object.values(args)]);
    expect(about('process_name')).toEqual([
      [1, 'Laptop'],
      [2, 'Phone'],
      [3, 'Tablet'],
    ]);
    expect(about('process_labels')).toEqual([
      [1, 'clock ± 0.00 ms'],
      [2, 'clock ± 0.75 ms'],
      [3, 'clock not known'],
    ]);
    expect(trace().otherData.devices[1]).toEqual({
      name: 'Phone',
      spans: 3,
      clockAheadMs: 7000,
      clockErrorMs: 0.75,
    });
  });

  it('lays what happens at once side by side: in no thread do events overlap', () => {
    const complete = ofPhase(trace(), 'X');
    const threads = new Set(complete.map(({ pid, tid }) => `${pid} ${tid}`));
    for (const thread of threads) {
      const events = complete.filter(({ pid, tid }) => `${pid} ${tid}` === thread);
      const sorted = events.toSorted((a, b) => a.ts - b.ts);
      for (const [at, { ts }] of sorted.entries()) {
        const before = sorted[at - 1];
        expect(ts).toBeGreaterThanOrEqual(before ? before.ts + before.dur - 1e-6 : 0);
      }
    }
    const names = ofPhase(trace(), 'M').filter(({ pid, name }) => pid === 1 && name === 'thread_name');
    expect(names.map(({ args }) => args.name)).toEqual([
      'what happened',
      'requests',
      'requests (2)',
      'from Tablet',
      'to Phone',
    ]);
  });

  it('follows a request from device to device and home, also where it ran together with another', () => {
    const file = trace();
    const complete = ofPhase(file, 'X');
    const flows = ofPhase(file, 's', 't', 'f');
    const ids = [...new Set(flows.map(({ id }) => id))];
    const walks = ids.map((id) => flows.filter((flow) => flow.id === id));
    const walk = walks.find(([first]) => first?.ts === 0) ?? [];
    expect(walk.map(({ ph }) => ph).join('')).toBe(`s${'t'.repeat(8)}f`);
    expect(walk.map(({ pid }) => pid)).toEqual([1, 1, 2, 2, 2, 3, 3, 3, 1, 1]);
    // Each in an event that is really there at its time.
    for (const { pid, tid, ts } of flows) {
      const around = complete.filter((event) => event.pid === pid && event.tid === tid);
      expect(around.some((event) => event.ts <= ts && ts <= event.ts + event.dur)).toBe(true);
    }
  });

  it('begins and ends a flow with its request, though a clock that is off has it elsewhere first', () => {
    const { laptop, phone } = spans();
    const early = phone.map((span) => ({ ...span, start: span.start - 5, end: span.end - 5 }));
    const clocks = { clockErrorMs: 5, clockAheadMs: 0 };
    const devices = [
      { peer: LAPTOP, spans: laptop, ...clocks },
      { peer: PHONE, spans: early, ...clocks },
    ];
    const flows = ofPhase(chromeTrace(devices, [], nameOf), 's', 't', 'f');
    const walk = flows.filter(({ id }) => id === flows.find(({ pid }) => pid === 2)?.id);
    expect([walk[0]?.pid, walk.at(-1)?.pid]).toEqual([1, 1]);
    expect(walk[0]?.ts).toBeGreaterThan(walk[2]?.ts ?? 0);
  });

  it('names what is missing, and moments by what they are', () => {
    expect(trace([TABLET]).otherData.missing).toEqual(['Tablet']);
    expect(ofPhase(trace([TABLET]), 'i').map(({ name }) => name)).toEqual([
      'Phone is gone: closed the page',
      'Tablet did not answer: its part is missing',
    ]);
  });
});
