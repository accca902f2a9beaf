import { intAttribute } from '../../core/graph/model-builder.ts';
import { intsAttribute } from './attributes.ts';
import { GraphDraft, pathOf } from './draft.ts';
import { normal } from './fills.ts';
import { layerNorm, vitLayer } from './vit-layer.ts';

/** The sizes of a vision transformer for pictures of 224 by 224. */
export interface VitSizes {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly mlp: number;
  readonly classes: number;
}

const SIDE = 224;
const PATCH = 16;
const PATCHES = (SIDE / PATCH) ** 2;
const BIAS = 0.02;

/** ViT as exported from transformers: pixel_values [batch_size, 3, 224, 224] to logits [batch_size, classes]. */
export function vit(sizes: VitSizes): GraphDraft {
  const { layers, hidden, heads, classes } = sizes;
  if (hidden % heads !== 0) {
    throw new RangeError(`${hidden} cannot be shared by ${heads} heads: set --hidden and --heads together`);
  }
  const draft = new GraphDraft();
  const image = draft.input('pixel_values', 'float32', ['batch_size', 3, SIDE, SIDE]);
  let x = embeddings(draft, image, hidden);
  for (let layer = 0; layer < layers; layer++) x = vitLayer(draft, `vit.encoder.layer.${layer}`, x, sizes);
  const normed = layerNorm(draft, 'vit.layernorm', x, hidden);
  const first = draft.node('Gather', '/Gather', [normed, draft.long(0)], {
    attributes: [intAttribute('axis', 1)],
  });
  const weight = draft.weight('classifier.weight', [classes, hidden], normal(hidden ** -0.5));
  const bias = draft.weight('classifier.bias', [classes], normal(BIAS));
  draft.node('Gemm', '/classifier/Gemm', [first, weight, bias], {
    attributes: [intAttribute('transB', 1)],
    outputs: [draft.output('logits', 'float32', ['batch_size', classes])],
  });
  return draft;
}

/** A token for each patch, one for the class before them, and where they are: [batch, 197, hidden]. */
function embeddings(draft: GraphDraft, image: string, hidden: number): string {
  const module = 'vit.embeddings';
  const at = pathOf(module);
  const projection = `${module}.patch_embeddings.projection`;
  const kernel = draft.weight(
    `${projection}.weight`,
    [hidden, 3, PATCH, PATCH],
    normal((3 * PATCH * PATCH) ** -0.5),
  );
  const bias = draft.weight(`${projection}.bias`, [hidden], normal(BIAS));
  const grid = draft.node('Conv', `${pathOf(projection)}/Conv`, [image, kernel, bias], {
    attributes: [intsAttribute('kernel_shape', [PATCH, PATCH]), intsAttribute('strides', [PATCH, PATCH])],
  });
  const row = draft.node('Reshape', `${at}/patch_embeddings/Reshape`, [grid, draft.longs(0, hidden, -1)]);
  const patches = draft.node('Transpose', `${at}/patch_embeddings/Transpose`, [row], {
    attributes: [intsAttribute('perm', [0, 2, 1])],
  });
  const token = draft.weight(`${module}.cls_token`, [1, 1, hidden], normal(1));
  const shape = draft.node('Shape', `${at}/Shape`, [image]);
  const batch = draft.node('Gather', `${at}/Gather`, [shape, draft.longs(0)]);
  const wanted = draft.node('Concat', `${at}/Concat`, [batch, draft.longs(1), draft.longs(hidden)], {
    attributes: [intAttribute('axis', 0)],
  });
  const tokens = draft.node('Expand', `${at}/Expand`, [token, wanted]);
  const all = draft.node('Concat', `${at}/Concat_1`, [tokens, patches], {
    attributes: [intAttribute('axis', 1)],
  });
  const places = draft.weight(`${module}.position_embeddings`, [1, PATCHES + 1, hidden], normal(0.5));
  return draft.node('Add', `${at}/Add`, [all, places]);
}
