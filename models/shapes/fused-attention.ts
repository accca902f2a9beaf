import { intAttribute } from '../../core/graph/model-builder.ts';
import { floatAttribute } from './attributes.ts';
import { type DecoderSizes, headSize, rotaryAngle } from './decoder.ts';
import { type GraphDraft, MICROSOFT } from './draft.ts';
import { computed } from './fills.ts';

/** onnx.proto's number of the type. */
const INT32 = 6;

/** What all layers read: lengths out of the mask, and the rotary tables. */
export interface FusedShared {
  /** Index of the last key of each sequence, int32 [batch]; not a count. */
  readonly lastKeys: string;
  /** Number of keys, int32. */
  readonly total: string;
  readonly cos: string;
  readonly sin: string;
}

/** The side graph that turns the mask into lengths, and the tables [context, head / 2]. */
export function fusedShared(draft: GraphDraft, sizes: DecoderSizes): FusedShared {
  const at = '/model/attn_mask_reformat/attn_mask_subgraph';
  const toInt32 = { attributes: [intAttribute('to', INT32)] };
  const sum = draft.node('ReduceSum', `${at}/ReduceSum`, ['attention_mask', draft.longs(1)], {
    attributes: [intAttribute('keepdims', 0)],
  });
  const last = draft.node('Sub', `${at}/Sub`, [sum, draft.longs(1)]);
  const shape = draft.node('Shape', `${at}/Shape`, ['attention_mask']);
  const length = draft.node('Gather', `${at}/Gather`, [shape, draft.long(1)]);
  const pairs = headSize(sizes) / 2;
  const table = (wave: 'cos' | 'sin'): string =>
    draft.weight(
      `${wave}_cache`,
      [sizes.context, pairs],
      computed((place) => Math[wave](rotaryAngle(Math.floor(place / pairs), place % pairs, pairs * 2))),
    );
  return {
    lastKeys: draft.node('Cast', `${at}/Sub/Cast`, [last], toInt32),
    total: draft.node('Cast', `${at}/Gather/Cast`, [length], toInt32),
    cos: table('cos'),
    sin: table('sin'),
  };
}

/** Turns and attends: queries [batch, sequence, heads * head], keys and values with their heads, all flat. */
export function fusedAttention(
  draft: GraphDraft,
  sizes: DecoderSizes,
  layer: number,
  { q, k, v }: { readonly q: string; readonly k: string; readonly v: string },
  { lastKeys, total, cos, sin }: FusedShared,
): string {
  const at = `/model/layers.${layer}/attn`;
  const turned = (name: 'q' | 'k', x: string): string =>
    draft.node('RotaryEmbedding', `${at}/${name}_rotary/RotaryEmbedding`, [x, 'position_ids', cos, sin], {
      domain: MICROSOFT,
      attributes: [intAttribute('interleaved', 0)],
    });
  const past = [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`];
  const node = `${at}/GroupQueryAttention`;
  const inputs = [turned('q', q), turned('k', k), v, ...past, lastKeys, total];
  return draft.node('GroupQueryAttention', node, inputs, {
    domain: MICROSOFT,
    outputs: [`${node}/output_0`, `present.${layer}.key`, `present.${layer}.value`],
    attributes: [
      intAttribute('num_heads', sizes.heads),
      intAttribute('kv_num_heads', sizes.kvHeads),
      floatAttribute('scale', headSize(sizes) ** -0.5),
    ],
  });
}
