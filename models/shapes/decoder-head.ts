import { intsAttribute } from './attributes.ts';
import type { DecoderSizes } from './decoder.ts';
import type { GraphDraft } from './draft.ts';
import { normal } from './fills.ts';
import { linear } from './linear.ts';

/** Looks up input_ids in an fp32 table [vocab, hidden]. */
export function embedding(draft: GraphDraft, sizes: DecoderSizes): string {
  return draft.node('Gather', '/model/embed_tokens/Gather', [embeddingTable(draft, sizes), 'input_ids']);
}

/** Makes the logits with a matrix of its own, or with the embedding turned round: exporters keep one copy of a tied one. */
export function head(draft: GraphDraft, sizes: DecoderSizes, x: string, tied: boolean): void {
  const { hidden, vocab } = sizes;
  if (tied) {
    const table = embeddingTable(draft, sizes);
    const turned = { attributes: [intsAttribute('perm', [1, 0])] };
    const matrix = draft.node('Transpose', '/lm_head/Transpose', [table], turned);
    draft.node('MatMul', '/lm_head/MatMul', [x, matrix], { outputs: ['logits'] });
  } else linear(draft, 'lm_head', x, { from: hidden, to: vocab }, 'logits');
}

function embeddingTable(draft: GraphDraft, { vocab, hidden }: DecoderSizes): string {
  return draft.weight('model.embed_tokens.weight', [vocab, hidden], normal(hidden ** -0.5));
}
