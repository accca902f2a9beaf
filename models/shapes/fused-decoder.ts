import {
  type DecoderSizes,
  type DecoderStyle,
  type DecoderTraits,
  declareDecoder,
  headSize,
} from './decoder.ts';
import { embedding, head } from './decoder-head.ts';
import { GraphDraft } from './draft.ts';
import { fourBitGather, fourBitLinear } from './four-bit.ts';
import { fusedAttention, fusedShared } from './fused-attention.ts';
import { fusedNorm, type Residual } from './fused-norm.ts';
import { gatedMlp } from './gated-mlp.ts';
import { biased, linear } from './linear.ts';

/** A Llama-style decoder with ONNX Runtime's own operators, named as its builder of language models names them. */
export function fusedDecoder(
  sizes: DecoderSizes,
  { tied, bias }: DecoderTraits,
  style: Pick<DecoderStyle, 'dtype' | 'embedding'>,
): GraphDraft {
  const { hidden, heads, kvHeads, vocab, layers } = sizes;
  const draft = new GraphDraft();
  declareDecoder(draft, sizes);
  const product = style.dtype === 'q4' ? fourBitLinear : linear;
  const shared = fusedShared(draft, sizes);
  const table = { rows: vocab, size: hidden };
  const first =
    style.embedding === 'q4'
      ? fourBitGather(draft, 'model.embed_tokens', 'input_ids', table)
      : embedding(draft, sizes);
  let stream: Residual = { sum: first, added: null };
  for (let layer = 0; layer < layers; layer++) {
    const module = `model.layers.${layer}`;
    const outer = fusedNorm(draft, `${module}.input_layernorm`, stream, hidden);
    const projected = (name: 'q' | 'k' | 'v', count: number): string => {
      const projection = `${module}.attn.${name}_proj`;
      const to = count * headSize(sizes);
      const made = product(draft, projection, outer.normed, { from: hidden, to });
      return bias ? biased(draft, projection, made, to) : made;
    };
    const flat = { q: projected('q', heads), k: projected('k', kvHeads), v: projected('v', kvHeads) };
    const mixed = fusedAttention(draft, sizes, layer, flat, shared);
    const attended = product(draft, `${module}.attn.o_proj`, mixed, { from: hidden, to: hidden });
    const between = { sum: outer.sum, added: attended };
    const inner = fusedNorm(draft, `${module}.post_attention_layernorm`, between, hidden);
    const made = gatedMlp(draft, `${module}.mlp`, inner.normed, sizes, product);
    stream = { sum: inner.sum, added: made };
  }
  const { normed } = fusedNorm(draft, `model.layers.${layers}.final_norm_layernorm`, stream, hidden);
  if (style.dtype === 'q4') fourBitLinear(draft, 'lm_head', normed, { from: hidden, to: vocab }, 'logits');
  else head(draft, sizes, normed, tied);
  return draft;
}
