import * as v from 'valibot';
import { ProtocolError } from '../errors.ts';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import { type Epoch, isPeerId, isSha256, type PeerId, type RequestId, type Sha256 } from '../ids.ts';
import type { Batching, RunTraits } from '../language/batching.ts';
import type { Spread } from '../plan/profile.ts';
import type {
  DeviceCard,
  DeviceProfile,
  FilePiece,
  ImagePreprocess,
  LanguageCard,
  LoadReport,
  ModelCard,
  ModelTask,
  PlanMode,
  PlanRules,
  PlanView,
  Progress,
  StageView,
  WhatIf,
} from '../session/state.ts';
import { DTYPES } from '../tensor/dtype.ts';
import type {
  ControlMessage,
  HeldPiece,
  KeptTerms,
  LinkReport,
  LoadStage,
  StagePiece,
  TensorSample,
  ToldPiece,
  WantedPiece,
} from './messages.ts';
import type { OriginCard } from './origin-card.ts';

/** A schema whose result is checked against our own type, so that the two cannot drift apart. */
type SchemaOf<T> = v.GenericSchema<unknown, T>;

/** Text for people is cut rather than refused: a long error message must not hide the error. */
const prose = (limit: number): SchemaOf<string> =>
  v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, limit)),
  );
const LINE = 200;
const PARAGRAPH = 2000;
/** Names of tensors and keys of shards: compared, so never cut. Exporters write paths of modules, below 500. */
const name: SchemaOf<string> = v.pipe(v.string(), v.maxLength(1024));
const listOf = <T>(item: SchemaOf<T>, limit: number): SchemaOf<T[]> =>
  v.pipe(v.array(item), v.maxLength(limit));

const finite: SchemaOf<number> = v.pipe(v.number(), v.finite());
const amount: SchemaOf<number> = v.pipe(v.number(), v.finite(), v.minValue(0));
const count: SchemaOf<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** 0..1; rounding may carry a quotient of times a little past 1. */
const share: SchemaOf<number> = v.pipe(
  amount,
  v.transform((x) => Math.min(1, x)),
);
const u32: SchemaOf<number> = v.pipe(count, v.maxValue(0xffff_ffff));
const epoch: SchemaOf<Epoch> = v.pipe(
  u32,
  v.transform((n) => n as Epoch),
);
const request: SchemaOf<RequestId> = v.pipe(
  u32,
  v.transform((n) => n as RequestId),
);
const peer: SchemaOf<PeerId> = v.custom<PeerId>((id) => typeof id === 'string' && isPeerId(id));
const hash: SchemaOf<Sha256> = v.custom<Sha256>((text) => typeof text === 'string' && isSha256(text));
const stageIndex: SchemaOf<number> = v.pipe(count, v.maxValue(0xfffe));

/** A room has at most 32 devices; twice that leaves room to grow. */
const MAX_DEVICES = 64;
/** As in a frame. */
const MAX_TENSORS = 256;
/** ImageNet-21k has the longest list of classes in use. */
const MAX_LABELS = 25_000;

const provider = v.picklist(['webgpu', 'wasm', 'cpu']);
const mode: SchemaOf<PlanMode> = v.union([
  v.picklist(['fastest', 'most', 'everyone']),
  v.object({ everyMs: amount }),
]);

const progress: SchemaOf<Progress> = v.object({
  step: prose(LINE),
  fraction: v.nullable(share),
  bytesDone: v.exactOptional(amount),
  bytesTotal: v.exactOptional(amount),
  secondsLeft: v.exactOptional(amount),
});

const profile: SchemaOf<DeviceProfile> = v.object({
  provider,
  threads: v.pipe(count, v.maxValue(1024)),
  runtime: v.picklist(['wasm', 'jspi', 'asyncify', 'node']),
  benchMs: amount,
  tried: listOf(v.object({ provider, benchMs: v.nullable(amount), why: v.nullable(prose(PARAGRAPH)) }), 8),
  memoryBytes: amount,
  largestTensorBytes: v.exactOptional(amount),
  packMsPerByte: v.exactOptional(amount),
  packMsPerMessage: v.exactOptional(amount),
  adapter: v.nullable(prose(LINE)),
});

const card: SchemaOf<DeviceCard> = v.object({
  peer,
  name: prose(LINE),
  browser: prose(LINE),
  platform: prose(LINE),
  form: v.picklist(['phone', 'tablet', 'computer', 'server']),
  status: v.picklist(['measuring', 'ready', 'refused']),
  progress: v.nullable(progress),
  refusal: v.nullable(prose(PARAGRAPH)),
  profile: v.nullable(profile),
  hidden: v.boolean(),
  battery: v.exactOptional(v.object({ charge: share, charging: v.boolean() })),
  pressure: v.exactOptional(v.picklist(['fair', 'serious', 'critical'])),
});

const load: SchemaOf<LoadReport> = v.object({
  at: amount,
  busy: share,
  msPerItem: v.nullable(amount),
  queue: count,
  items: count,
  bytesIn: amount,
  bytesOut: amount,
  busyMs: amount,
  memoryBytes: amount,
  peakMemoryBytes: amount,
  // Two stages at most, under the plan in force and the one before.
  paces: v.exactOptional(listOf(v.object({ epoch, stage: stageIndex, ms: amount, items: count }), 8)),
  sequences: v.exactOptional(count),
});

const boundaryTensor: SchemaOf<BoundaryTensor> = v.object({
  name,
  dtype: v.picklist(DTYPES.map((d) => d.name)),
  dims: v.nullable(listOf(v.nullable(v.union([count, name])), 16)),
});
const boundary = listOf(boundaryTensor, MAX_TENSORS);

const preprocess: SchemaOf<ImagePreprocess> = v.object({
  input: name,
  width: v.pipe(count, v.minValue(1), v.maxValue(8192)),
  height: v.pipe(count, v.minValue(1), v.maxValue(8192)),
  layout: v.picklist(['NCHW', 'NHWC']),
  channels: v.picklist(['RGB', 'BGR', 'gray']),
  scale: finite,
  mean: listOf(finite, 4),
  std: listOf(finite, 4),
  resize: v.picklist(['stretch', 'cover', 'fit']),
});

const labels = listOf(prose(LINE), MAX_LABELS);
const task: SchemaOf<ModelTask> = v.variant('kind', [
  v.object({ kind: v.literal('draw-digit'), preprocess, labels }),
  v.object({ kind: v.literal('classify-image'), preprocess, labels }),
  v.object({ kind: v.literal('tensors') }),
]);

/** The largest piece, 16 MiB: the largest models have 2048 of them. */
const pieceBytes: SchemaOf<number> = v.pipe(count, v.minValue(1), v.maxValue(16 * 1024 ** 2));
const filePiece: SchemaOf<FilePiece> = v.object({ hash, length: pieceBytes });
const batching: SchemaOf<Batching> = v.object({
  side: v.picklist(['left', 'right']),
  roles: listOf(v.picklist(['ids', 'mask', 'positions', 'scored', 'cached']), 16),
});
const runs: SchemaOf<RunTraits> = v.object({ invariant: v.boolean(), batching: v.nullable(batching) });
const language: SchemaOf<LanguageCard> = v.object({
  files: listOf(v.object({ name, pieces: listOf(filePiece, 64) }), 16),
  contextTokens: v.pipe(count, v.minValue(1)),
  stopTokens: listOf(u32, 256),
  sampling: v.exactOptional(
    v.object({
      temperature: v.exactOptional(amount),
      topK: v.exactOptional(u32),
      topP: v.exactOptional(amount),
      repetitionPenalty: v.exactOptional(amount),
    }),
  ),
  starters: v.exactOptional(listOf(prose(LINE), 8)),
});

const model: SchemaOf<ModelCard> = v.object({
  name: prose(LINE),
  about: prose(PARAGRAPH),
  source: v.picklist(['bundled', 'file', 'url']),
  bytes: count,
  weightBytes: count,
  nodes: count,
  blocks: count,
  uncuttable: v.nullable(prose(PARAGRAPH)),
  inputs: boundary,
  outputs: boundary,
  states: v.exactOptional(listOf(v.object({ input: name, output: name }), MAX_TENSORS)),
  runs: v.exactOptional(runs),
  guess: v.exactOptional(v.object({ open: v.exactOptional(count), ids: v.exactOptional(count) })),
  dims: v.pipe(v.record(v.pipe(v.string(), v.maxLength(1024)), count), v.maxEntries(MAX_TENSORS)),
  task,
  language: v.exactOptional(language),
});

const spread: SchemaOf<Spread> = v.object({ low: amount, high: amount });

const stageView: SchemaOf<StageView> = v.pipe(
  v.object({
    peer,
    copies: v.exactOptional(listOf(v.object({ peer, predictedMs: amount }), MAX_DEVICES)),
    start: count,
    end: count,
    weightBytes: count,
    memoryBytes: v.exactOptional(amount),
    sendsBytes: amount,
    predictedMs: amount,
    spread: v.exactOptional(spread),
    estimatedBlocks: v.exactOptional(count),
  }),
  v.check(({ start, end }) => start < end, 'start below end'),
);

/** A front has at most one point for each pair of a device and a run of blocks; pages draw a few dozen. */
const MAX_FRONT = 256;
const whatIf: SchemaOf<WhatIf> = v.variant('kind', [
  v.object({ kind: v.literal('without'), peer, factor: v.nullable(amount) }),
  v.object({ kind: v.literal('another'), peer, factor: amount }),
]);

const plan: SchemaOf<PlanView> = v.object({
  epoch,
  mode,
  blocks: count,
  stages: listOf(stageView, MAX_DEVICES),
  predictedLatencyMs: amount,
  predictedPeriodMs: amount,
  alone: v.nullable(v.object({ peer, latencyMs: amount })),
  optimal: v.boolean(),
  gap: v.exactOptional(amount),
  leftOut: listOf(v.object({ peer, reason: prose(PARAGRAPH) }), MAX_DEVICES),
  front: v.exactOptional(
    listOf(v.object({ latencyMs: amount, periodMs: amount, devices: count }), MAX_FRONT),
  ),
  whatIf: v.exactOptional(listOf(whatIf, 2 * MAX_DEVICES)),
  estimatedBlocks: v.exactOptional(count),
  now: v.exactOptional(v.object({ presentMs: amount, bestMs: amount })),
  because: v.exactOptional(prose(PARAGRAPH)),
  status: v.picklist(['loading', 'running']),
});

const rules: SchemaOf<PlanRules> = v.object({
  pinnedIn: listOf(peer, MAX_DEVICES),
  pinnedOut: listOf(peer, MAX_DEVICES),
  endsAtHome: v.boolean(),
  batteryFloor: share,
});

const link: SchemaOf<LinkReport> = v.object({
  peer,
  rttMs: amount,
  delayMs: v.exactOptional(amount),
  mbitPerSec: amount,
  steadyMbitPerSec: v.exactOptional(amount),
});
const complaint = { epoch, step: prose(LINE), message: prose(PARAGRAPH) };

/** Twice as many as the leader makes of the largest model (core/graph/pieces.ts). */
const MAX_PIECES = 4096;
/** As many as are asked for, or told of, in one message. */
const MAX_AT_ONCE = 1024;
const pieceId: SchemaOf<number> = v.pipe(count, v.maxValue(MAX_PIECES));
const peers = listOf(peer, MAX_DEVICES);

const stagePiece: SchemaOf<StagePiece> = v.object({
  id: pieceId,
  length: pieceBytes,
  hash: v.nullable(hash),
  at: v.nullable(v.object({ file: count, offset: count })),
  holders: peers,
  awaited: v.boolean(),
});
const sample: SchemaOf<TensorSample> = v.object({
  dims: listOf(count, 16),
  bytes: v.nullable(listOf(v.pipe(count, v.maxValue(255)), 1024)),
});
const names = listOf(name, MAX_TENSORS);
const kept: SchemaOf<KeptTerms> = v.object({
  states: listOf(v.object({ input: name, output: name, initial: listOf(count, 16) }), MAX_TENSORS),
  unreceived: names,
  unsent: names,
});
const wantedPiece: SchemaOf<WantedPiece> = v.object({ ticket: u32, hash });
const heldPiece: SchemaOf<HeldPiece> = v.object({ id: pieceId, hash });
const toldPiece: SchemaOf<ToldPiece> = v.object({ id: pieceId, hash: v.nullable(hash), holders: peers });

/** Web addresses are at most this long in practice (2,083 characters was the limit for decades); signed ones reach twice that. */
const address: SchemaOf<string> = v.pipe(v.string(), v.maxLength(8192), v.regex(/^https?:\/\//));
const origin: SchemaOf<OriginCard> = v.object({
  url: address,
  files: listOf(
    v.object({ name, bytes: count, validator: v.nullable(v.pipe(v.string(), v.maxLength(1024))) }),
    1024,
  ),
});

/** Twice as many as the leader asks for. */
const MAX_PARTS = 16;
const loadStage: SchemaOf<LoadStage> = v.object({
  type: v.literal('load-stage'),
  epoch,
  stage: stageIndex,
  holders: listOf(listOf(v.object({ peer, ms: amount }), MAX_DEVICES), MAX_DEVICES),
  model: name,
  label: prose(LINE),
  shard: hash,
  graph: listOf(filePiece, 64),
  reuse: v.boolean(),
  alongside: v.boolean(),
  pieces: listOf(stagePiece, MAX_PIECES),
  origin: v.nullable(origin),
  inputs: boundary,
  outputs: boundary,
  receives: boundary,
  sends: boundary,
  kept: v.exactOptional(kept),
  scores: v.exactOptional(name),
  batching: v.exactOptional(batching),
  warmUp: listOf(sample, MAX_TENSORS),
});

/** One schema for each type of message: the compiler asks for a new one when the union grows. */
const SCHEMAS: { readonly [T in ControlMessage['type']]: SchemaOf<Extract<ControlMessage, { type: T }>> } = {
  card: v.object({ type: v.literal('card'), card }),
  load: v.object({ type: v.literal('load'), load }),
  links: v.object({ type: v.literal('links'), links: listOf(link, MAX_DEVICES) }),
  model: v.object({ type: v.literal('model'), model: v.nullable(model) }),
  room: v.object({
    type: v.literal('room'),
    mode,
    rules,
    plan: v.nullable(plan),
    preparing: v.nullable(progress),
    seats: listOf(v.object({ peer, colour: count }), MAX_DEVICES),
  }),
  'load-stage': loadStage,
  'measure-parts': v.object({
    type: v.literal('measure-parts'),
    model: name,
    fresh: v.boolean(),
    parts: listOf(loadStage, MAX_PARTS),
  }),
  'parts-measured': v.object({
    type: v.literal('parts-measured'),
    model: name,
    ms: listOf(v.nullable(amount), MAX_PARTS),
    perItemMs: amount,
    spread,
  }),
  'want-pieces': v.object({ type: v.literal('want-pieces'), pieces: listOf(wantedPiece, MAX_AT_ONCE) }),
  'piece-refused': v.object({ type: v.literal('piece-refused'), ticket: u32, reason: prose(LINE) }),
  'pieces-sought': v.object({
    type: v.literal('pieces-sought'),
    model: name,
    pieces: listOf(heldPiece, MAX_PIECES),
  }),
  'pieces-held': v.object({
    type: v.literal('pieces-held'),
    model: name,
    pieces: listOf(heldPiece, MAX_PIECES),
  }),
  'pieces-told': v.object({
    type: v.literal('pieces-told'),
    model: name,
    pieces: listOf(toldPiece, MAX_PIECES),
  }),
  'piece-corrupt': v.object({ type: v.literal('piece-corrupt'), model: name, id: pieceId, from: peer }),
  'stage-progress': v.object({ type: v.literal('stage-progress'), epoch, progress: v.nullable(progress) }),
  'stage-ready': v.object({ type: v.literal('stage-ready'), epoch, stage: stageIndex }),
  'stage-failed': v.object({ type: v.literal('stage-failed'), stage: stageIndex, ...complaint }),
  'request-failed': v.object({ type: v.literal('request-failed'), request, ...complaint }),
  'end-sequence': v.object({ type: v.literal('end-sequence'), sequence: u32 }),
  'want-turn': v.object({ type: v.literal('want-turn'), ticket: u32, held: v.boolean() }),
  turn: v.object({ type: v.literal('turn'), ticket: u32, place: v.nullable(count) }),
  'end-turn': v.object({ type: v.literal('end-turn'), ticket: u32 }),
  goodbye: v.object({ type: v.literal('goodbye'), reason: prose(LINE) }),
};

/** The largest control message, as for the link: a model card with thousands of labels. */
const MAX_TEXT = 1024 * 1024;

/**
 * The only door for control messages.
 * @throws ProtocolError with the path that is wrong, what was expected there and what was found.
 */
export function parseControl(text: string): ControlMessage {
  if (text.length > MAX_TEXT) throw refused(`at most ${MAX_TEXT} characters`, `${text.length}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refused('JSON', `"${text.slice(0, 40)}"`, cause);
  }
  const head = v.safeParse(v.object({ type: v.string() }), value);
  if (!head.success) throw refused('an object with a type', head.issues[0].message);
  const { type } = head.output;
  if (!isControlType(type)) {
    throw refused(`a type of ${Object.keys(SCHEMAS).join(', ')}`, `"${type.slice(0, 40)}"`);
  }
  const result = v.safeParse<SchemaOf<ControlMessage>>(SCHEMAS[type], value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? '';
  throw refused(
    `${type}.${path}: ${issue.expected ?? issue.message}`.slice(0, LINE),
    issue.received.slice(0, LINE),
  );
}

function isControlType(type: string): type is ControlMessage['type'] {
  return Object.hasOwn(SCHEMAS, type);
}

function refused(expected: string, actual: string, cause?: unknown): ProtocolError {
  return new ProtocolError(
    `A control message is malformed: expected ${expected}, got ${actual}.`,
    { step: 'read a control message', expected, actual },
    { cause },
  );
}
