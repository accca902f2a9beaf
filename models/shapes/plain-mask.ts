import { intAttribute } from '../../core/graph/model-builder.ts';
import type { GraphDraft } from './draft.ts';

/** onnx.proto's number of the type. */
const BOOL = 9;
/** The least float: softmax gives it a share of 0. */
const MASKED = -3.4028234663852886e38;

/** What attention needs to know about positions. */
export interface PlainMask {
  /** 0 where a query may look, the least float elsewhere: [batch, 1, queries, keys]. */
  readonly mask: string;
  /** The shape of input_ids, and the number of keys without dimensions. */
  readonly idsShape: string;
  readonly total: string;
}

/** The causal mask out of attention_mask and the lengths, by shape arithmetic as exporters write it. */
export function plainMask(draft: GraphDraft): PlainMask {
  const [zero, one] = [draft.long(0), draft.long(1)];
  const idsShape = draft.node('Shape', '/model/Shape', ['input_ids']);
  const length = draft.node('Gather', '/model/Gather_qlen', [idsShape, one]);
  const maskShape = draft.node('Shape', '/model/Shape_mask', ['attention_mask']);
  const total = draft.node('Gather', '/model/Gather_total', [maskShape, one]);
  const past = draft.node('Sub', '/model/Sub_past', [total, length]);
  const range = draft.node('Range', '/model/Range_k', [zero, total, one]);
  const keys = draft.node('Unsqueeze', '/model/Unsqueeze_k', [range, draft.longs(0)]);
  const steps = draft.node('Range', '/model/Range_q', [zero, length, one]);
  const places = draft.node('Add', '/model/Add_q', [steps, past]);
  const queries = draft.node('Unsqueeze', '/model/Unsqueeze_q', [places, draft.longs(1)]);
  const causal = draft.node('LessOrEqual', '/model/LessOrEqual', [keys, queries]);
  const given = draft.node('Cast', '/model/Cast_mask', ['attention_mask'], {
    attributes: [intAttribute('to', BOOL)],
  });
  const wide = draft.node('Unsqueeze', '/model/Unsqueeze_mask', [given, draft.longs(1, 2)]);
  const seen = draft.node('And', '/model/And', [causal, wide]);
  const mask = draft.node('Where', '/model/Where', [seen, draft.float(0), draft.float(MASKED)]);
  return { mask, idsShape, total };
}
