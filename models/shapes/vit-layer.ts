import { floatAttribute, intsAttribute } from './attributes.ts';
import { type GraphDraft, pathOf } from './draft.ts';
import { constant, normal } from './fills.ts';
import { biased, linear } from './linear.ts';
import type { VitSizes } from './vit.ts';

/** As in ViT's configuration. */
const EPSILON = 1e-12;
const BIAS = 0.02;

/** One layer over [batch, tokens, hidden]: attention and an MLP, each on a normed copy of the stream. */
export function vitLayer(draft: GraphDraft, module: string, x: string, sizes: VitSizes): string {
  const { hidden, mlp } = sizes;
  const dense = (name: string, input: string, from: number, to: number): string =>
    biased(draft, `${module}.${name}`, linear(draft, `${module}.${name}`, input, { from, to }), to);
  const at = pathOf(module);
  const outer = layerNorm(draft, `${module}.layernorm_before`, x, hidden);
  const mixed = attention(draft, `${module}.attention.attention`, outer, sizes, dense);
  const attended = dense('attention.output.dense', mixed, hidden, hidden);
  const stream = draft.node('Add', `${at}/Add`, [attended, x]);
  const inner = layerNorm(draft, `${module}.layernorm_after`, stream, hidden);
  const wide = dense('intermediate.dense', inner, hidden, mlp);
  const made = dense(
    'output.dense',
    gelu(draft, `${at}/intermediate/intermediate_act_fn`, wide),
    mlp,
    hidden,
  );
  return draft.node('Add', `${at}/output/Add`, [made, stream]);
}

/** LayerNormalization with scale 1 and a small bias. */
export function layerNorm(draft: GraphDraft, module: string, x: string, hidden: number): string {
  const scale = draft.weight(`${module}.weight`, [hidden], constant(1));
  const bias = draft.weight(`${module}.bias`, [hidden], normal(BIAS));
  return draft.node('LayerNormalization', `${pathOf(module)}/LayerNormalization`, [x, scale, bias], {
    attributes: [floatAttribute('epsilon', EPSILON)],
  });
}

function attention(
  draft: GraphDraft,
  module: string,
  x: string,
  { hidden, heads }: VitSizes,
  dense: (name: string, input: string, from: number, to: number) => string,
): string {
  const at = pathOf(module);
  const head = hidden / heads;
  const inHeads = (name: 'query' | 'key' | 'value', perm: readonly number[]): string => {
    const flat = dense(`attention.attention.${name}`, x, hidden, hidden);
    const split = draft.node('Reshape', `${at}/Reshape_${name}`, [flat, draft.longs(0, -1, heads, head)]);
    return draft.node('Transpose', `${at}/Transpose_${name}`, [split], {
      attributes: [intsAttribute('perm', perm)],
    });
  };
  const products = draft.node('MatMul', `${at}/MatMul`, [
    inHeads('query', [0, 2, 1, 3]),
    inHeads('key', [0, 2, 3, 1]),
  ]);
  const scores = draft.node('Div', `${at}/Div`, [products, draft.float(Math.sqrt(head))]);
  const shares = draft.node('Softmax', `${at}/Softmax`, [scores]);
  const mixed = draft.node('MatMul', `${at}/MatMul_1`, [shares, inHeads('value', [0, 2, 1, 3])]);
  const back = draft.node('Transpose', `${at}/Transpose_3`, [mixed], {
    attributes: [intsAttribute('perm', [0, 2, 1, 3])],
  });
  return draft.node('Reshape', `${at}/Reshape_3`, [back, draft.longs(0, -1, hidden)]);
}

/** x / 2 * (1 + erf(x / sqrt 2)), as torch writes it. */
function gelu(draft: GraphDraft, at: string, x: string): string {
  const scaled = draft.node('Div', `${at}/Div`, [x, draft.float(Math.SQRT2)]);
  const erf = draft.node('Erf', `${at}/Erf`, [scaled]);
  const above = draft.node('Add', `${at}/Add`, [erf, draft.float(1)]);
  const product = draft.node('Mul', `${at}/Mul`, [x, above]);
  return draft.node('Mul', `${at}/Mul_1`, [product, draft.float(0.5)]);
}
