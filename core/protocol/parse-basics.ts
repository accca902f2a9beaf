import * as v from 'valibot';
import { type Epoch, isPeerId, isSha256, type PeerId, type RequestId, type Sha256 } from '../ids.ts';

/** A schema whose result is checked against our own type, so that the two cannot drift apart. */
export type SchemaOf<T> = v.GenericSchema<unknown, T>;

/** Text for people is cut rather than refused: a long error message must not hide the error. */
export const prose = (limit: number): SchemaOf<string> =>
  v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, limit)),
  );
export const LINE = 200;
export const PARAGRAPH = 2000;
/** Names of tensors and keys of shards: compared, so never cut. Exporters write paths of modules, below 500. */
export const name: SchemaOf<string> = v.pipe(v.string(), v.maxLength(1024));
export const listOf = <T>(item: SchemaOf<T>, limit: number): SchemaOf<T[]> =>
  v.pipe(v.array(item), v.maxLength(limit));

export const finite: SchemaOf<number> = v.pipe(v.number(), v.finite());
/**
 * More than anything here can be: 30,000 years in ms, a petabyte. What is larger counts as this, so that sums, products and
 * quotients of what peers say stay numbers.
 */
export const LARGEST_AMOUNT = 1e15;
export const amount: SchemaOf<number> = v.pipe(
  v.number(),
  v.finite(),
  v.minValue(0),
  v.transform((x) => Math.min(LARGEST_AMOUNT, x)),
);
/** Something is divided by it: at least a byte a second, in Mbit/s. */
export const rate: SchemaOf<number> = v.pipe(
  amount,
  v.transform((x) => Math.max(8e-6, x)),
);
export const count: SchemaOf<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** 0..1; rounding may carry a quotient of times a little past 1. */
export const share: SchemaOf<number> = v.pipe(
  amount,
  v.transform((x) => Math.min(1, x)),
);
export const u32: SchemaOf<number> = v.pipe(count, v.maxValue(0xffff_ffff));
export const epoch: SchemaOf<Epoch> = v.pipe(
  count,
  v.transform((n) => n as Epoch),
);
export const request: SchemaOf<RequestId> = v.pipe(
  u32,
  v.transform((n) => n as RequestId),
);
export const peer: SchemaOf<PeerId> = v.custom<PeerId>((id) => typeof id === 'string' && isPeerId(id));
export const hash: SchemaOf<Sha256> = v.custom<Sha256>((text) => typeof text === 'string' && isSha256(text));
export const stageIndex: SchemaOf<number> = v.pipe(count, v.maxValue(0xfffe));

/** A room has at most 32 devices; twice that leaves room to grow. */
export const MAX_DEVICES = 64;
/** As in a frame. */
export const MAX_TENSORS = 256;
/** ImageNet-21k has the longest list of classes in use. */
export const MAX_LABELS = 25_000;
