import * as v from 'valibot';
import type {
  HeldPiece,
  KeptTerms,
  LoadStage,
  StagePiece,
  TensorSample,
  ToldPiece,
  WantedPiece,
} from './messages.ts';
import type { OriginCard } from './origin-card.ts';

import {
  amount,
  count,
  epoch,
  hash,
  LINE,
  listOf,
  MAX_DEVICES,
  MAX_TENSORS,
  name,
  peer,
  prose,
  type SchemaOf,
  stageIndex,
  u32,
} from './parse-basics.ts';
import { batching, boundary, filePiece, pieceBytes } from './parse-model.ts';

/** Twice as many as the leader makes of the largest model (core/graph/pieces.ts). */
export const MAX_PIECES = 4096;
/** As many as are asked for, or told of, in one message. */
export const MAX_AT_ONCE = 1024;
export const pieceId: SchemaOf<number> = v.pipe(count, v.maxValue(MAX_PIECES));
const peers = listOf(peer, MAX_DEVICES);

const stagePiece: SchemaOf<StagePiece> = v.object({
  id: pieceId,
  length: pieceBytes,
  hash: v.nullable(hash),
  at: v.nullable(v.object({ file: count, offset: count })),
  holders: peers,
  awaited: v.boolean(),
});
export const sample: SchemaOf<TensorSample> = v.object({
  dims: listOf(count, 16),
  bytes: v.nullable(listOf(v.pipe(count, v.maxValue(255)), 1024)),
});
const names = listOf(name, MAX_TENSORS);
const kept: SchemaOf<KeptTerms> = v.object({
  states: listOf(v.object({ input: name, output: name, initial: listOf(count, 16) }), MAX_TENSORS),
  unreceived: names,
  unsent: names,
});
export const wantedPiece: SchemaOf<WantedPiece> = v.object({ ticket: u32, hash });
export const heldPiece: SchemaOf<HeldPiece> = v.object({ id: pieceId, hash });
export const toldPiece: SchemaOf<ToldPiece> = v.object({
  id: pieceId,
  hash: v.nullable(hash),
  holders: peers,
});

/** Web addresses are at most this long in practice (2,083 characters was the limit for decades); signed ones reach twice that. */
const address: SchemaOf<string> = v.pipe(v.string(), v.maxLength(8192), v.regex(/^https?:\/\//));
export const origin: SchemaOf<OriginCard> = v.object({
  url: address,
  files: listOf(
    v.object({ name, bytes: count, validator: v.nullable(v.pipe(v.string(), v.maxLength(1024))) }),
    1024,
  ),
});

/** Twice as many as the leader asks for. */
export const MAX_PARTS = 16;
export const loadStage: SchemaOf<LoadStage> = v.object({
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
