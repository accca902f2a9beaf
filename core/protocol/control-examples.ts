import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Epoch, PeerId, RequestId, Sha256 } from '../ids.ts';
import type { ControlMessage, LoadStage } from './messages.ts';

export const me: PeerId = '00ab45ef01234567' as PeerId;
const epoch = 4 as Epoch;
const hash = '0f'.repeat(32) as Sha256;
const tensor: BoundaryTensor = { name: '/features/conv1', dtype: 'float32', dims: [1, 'height', null] };
const progress = { step: 'Receiving its layers', fraction: 0.5, bytesDone: 5, bytesTotal: 10 };

const STAGE: LoadStage = {
  type: 'load-stage',
  epoch,
  stage: 1,
  holders: [
    [{ peer: me, ms: 3 }],
    [
      { peer: me, ms: 3 },
      { peer: me, ms: 9.5 },
    ],
  ],
  model: 'digits-1',
  label: 'Digits',
  shard: hash,
  graph: [{ hash, length: 3000 }],
  reuse: false,
  alongside: false,
  pieces: [
    { id: 0, length: 100_000, hash, at: { file: 0, offset: 64 }, holders: [me], awaited: false },
    { id: 1, length: 4, hash: null, at: null, holders: [], awaited: true },
  ],
  origin: {
    url: 'https://example.org/m.onnx',
    files: [{ name: '', bytes: 4_000_000_000, validator: '"abc"' }],
  },
  inputs: [tensor],
  outputs: [tensor],
  receives: [tensor],
  kept: {
    states: [{ input: 'past_0', output: 'present_0', initial: [1, 4, 0, 8] }],
    unreceived: ['past_0'],
    unsent: ['past_0', 'present_0'],
  },
  warmUp: [
    { dims: [1, 2], bytes: null },
    { dims: [1], bytes: [3, 0, 0, 0, 0, 0, 0, 0] },
  ],
  sends: [tensor],
};

/** Valid messages for tests: one of each type, every optional branch taken; the compiler asks for a new one when the union grows. */
export const EXAMPLES: { readonly [T in ControlMessage['type']]: Extract<ControlMessage, { type: T }> } = {
  card: {
    type: 'card',
    card: {
      peer: me,
      name: 'Pixel 8',
      browser: 'Chrome',
      platform: 'Android',
      form: 'phone',
      status: 'ready',
      progress: null,
      refusal: null,
      profile: {
        provider: 'wasm',
        threads: 2,
        runtime: 'wasm',
        benchMs: 4.5,
        tried: [{ provider: 'webgpu', benchMs: null, why: 'no adapter' }],
        memoryBytes: 600e6,
        adapter: null,
      },
      hidden: false,
    },
  },
  load: {
    type: 'load',
    load: {
      at: 1.7e12,
      busy: 0.4,
      msPerItem: 3,
      queue: 1,
      items: 9,
      bytesIn: 1,
      bytesOut: 2,
      busyMs: 3,
      memoryBytes: 4,
      peakMemoryBytes: 5,
    },
  },
  links: {
    type: 'links',
    links: [
      { peer: me, rttMs: 2.5, delayMs: 1.5, mbitPerSec: 80 },
      { peer: me, rttMs: 2.5, mbitPerSec: 80 },
    ],
  },
  model: {
    type: 'model',
    model: {
      name: 'digits',
      about: 'Reads a digit',
      source: 'bundled',
      bytes: 10,
      weightBytes: 8,
      nodes: 5,
      blocks: 3,
      uncuttable: null,
      inputs: [tensor],
      outputs: [{ ...tensor, dims: null }],
      states: [{ input: 'past_0', output: 'present_0' }],
      dims: { height: 28 },
      task: {
        kind: 'draw-digit',
        preprocess: {
          input: 'x',
          width: 28,
          height: 28,
          layout: 'NCHW',
          channels: 'gray',
          scale: 1 / 255,
          mean: [0],
          std: [1],
          resize: 'fit',
        },
        labels: ['0', '1'],
      },
    },
  },
  room: {
    type: 'room',
    mode: 'everyone',
    rules: { pinnedIn: [me], pinnedOut: [], endsAtHome: true, batteryFloor: 0.2 },
    plan: {
      epoch,
      mode: 'fastest',
      blocks: 3,
      stages: [
        {
          peer: me,
          copies: [{ peer: me, predictedMs: 5 }],
          start: 0,
          end: 3,
          weightBytes: 8,
          memoryBytes: 20,
          sendsBytes: 40,
          predictedMs: 4,
        },
      ],
      predictedLatencyMs: 5,
      predictedPeriodMs: 5,
      alone: { peer: me, latencyMs: 5 },
      optimal: true,
      leftOut: [{ peer: me, reason: 'too slow' }],
      status: 'running',
    },
    seats: [{ peer: me, colour: 1 }],
    preparing: progress,
  },
  'load-stage': STAGE,
  'measure-parts': { type: 'measure-parts', model: 'm', fresh: true, parts: [STAGE] },
  'parts-measured': {
    type: 'parts-measured',
    model: 'm',
    ms: [3.5, null],
    perItemMs: 0.4,
    spread: { low: 0.9, high: 1.2 },
  },
  'end-sequence': { type: 'end-sequence', sequence: 3 },
  'want-turn': { type: 'want-turn', ticket: 4, held: false },
  turn: { type: 'turn', ticket: 4, place: null },
  'end-turn': { type: 'end-turn', ticket: 4 },
  'want-pieces': { type: 'want-pieces', pieces: [{ ticket: 7, hash }] },
  'piece-refused': { type: 'piece-refused', ticket: 7, reason: 'it is not here' },
  'pieces-sought': { type: 'pieces-sought', model: 'digits-1', pieces: [{ id: 0, hash }] },
  'pieces-held': { type: 'pieces-held', model: 'digits-1', pieces: [{ id: 0, hash }] },
  'pieces-told': { type: 'pieces-told', model: 'digits-1', pieces: [{ id: 0, hash: null, holders: [me] }] },
  'piece-corrupt': { type: 'piece-corrupt', model: 'digits-1', id: 0, from: me },
  'stage-progress': { type: 'stage-progress', epoch, progress },
  'stage-ready': { type: 'stage-ready', epoch, stage: 1 },
  'stage-failed': { type: 'stage-failed', epoch, stage: 1, step: 'create', message: 'out of memory' },
  'request-failed': {
    type: 'request-failed',
    epoch,
    request: 3 as RequestId,
    step: 'run',
    message: 'bad shape',
  },
  legacy: { type: 'legacy', key: 'k/3', label: 'Digits', pieces: [{ hash, length: 9 }] },
  'spare-pieces': {
    type: 'spare-pieces',
    model: 'k',
    label: 'Digits',
    pieces: [{ id: 1, hash, length: 9, holders: [me] }],
  },
  office: { type: 'office', term: 2 ** 39 - 1, leader: me, followers: 3 },
  'leader-missed': { type: 'leader-missed', term: 1, leader: me },
  'leader-seen': { type: 'leader-seen', term: 1, seen: true },
  'hop-broken': { type: 'hop-broken', epoch },
  'trace-wanted': { type: 'trace-wanted', ticket: 7 },
  'trace-part': {
    type: 'trace-part',
    ticket: 7,
    part: 0,
    parts: 2,
    spans: {
      base: 1_700_000_000_000.5,
      texts: ['', me, 'wasm'],
      // A run of stage 0 for request 1, and a peer that was lost.
      rows: [2, 0, 1500, epoch, 1, 2, 0, 1.25, 1, 0, 2, 14, 2000, 0, 0, 0, 0, 0, 0, 0, 1, 2],
    },
  },
  goodbye: { type: 'goodbye', reason: 'closed' },
};
