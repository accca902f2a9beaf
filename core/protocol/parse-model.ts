import * as v from 'valibot';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Batching, RunTraits } from '../language/batching.ts';
import type { FilePiece, ImagePreprocess, LanguageCard, ModelCard, ModelTask } from '../session/state.ts';
import { DTYPES } from '../tensor/dtype.ts';

import {
  amount,
  count,
  finite,
  hash,
  LINE,
  listOf,
  MAX_LABELS,
  MAX_TENSORS,
  name,
  PARAGRAPH,
  prose,
  type SchemaOf,
  u32,
} from './parse-basics.ts';

const boundaryTensor: SchemaOf<BoundaryTensor> = v.object({
  name,
  dtype: v.picklist(DTYPES.map((d) => d.name)),
  dims: v.nullable(listOf(v.nullable(v.union([count, name])), 16)),
});
export const boundary: SchemaOf<BoundaryTensor[]> = listOf(boundaryTensor, MAX_TENSORS);

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
export const pieceBytes: SchemaOf<number> = v.pipe(count, v.minValue(1), v.maxValue(16 * 1024 ** 2));
export const filePiece: SchemaOf<FilePiece> = v.object({ hash, length: pieceBytes });
export const batching: SchemaOf<Batching> = v.object({
  side: v.picklist(['left', 'right']),
  roles: listOf(v.picklist(['ids', 'mask', 'positions', 'scored', 'cached']), 16),
});
const runs: SchemaOf<RunTraits> = v.object({ invariant: v.boolean(), batching: v.nullable(batching) });
const files = listOf(v.object({ name, pieces: listOf(filePiece, 64) }), 16);
const contextTokens = v.pipe(count, v.minValue(1));
const language: SchemaOf<LanguageCard> = v.object({
  files,
  contextTokens,
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

export const model: SchemaOf<ModelCard> = v.object({
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
  encoder: v.exactOptional(v.object({ files, contextTokens })),
});
