import { asFloat32, fromFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { DEPTH, WORDS } from './toy-models.ts';
import type { Program, Weights } from './toy-program.ts';

/** Tensors by their names. */
export type Values = Map<string, Tensor>;

/** Runs one node of a toy model: the same numbers on each device. */
export function compute(node: Program['nodes'][number], values: Values, weights: Weights): void {
  const [first = '', second = '', third = ''] = node.inputs;
  const x = values.get(first);
  const [y = '', present = ''] = node.outputs;
  if (!x) throw new Error(`${node.opType} lacks ${first}`);
  if (node.opType === 'Embed') values.set(y, embed(x, weightOf(weights, second)));
  else if (node.opType === 'Mix') {
    const past = values.get(second);
    if (!past) throw new Error(`Mix lacks ${second}`);
    const made = mix(x, past, weightOf(weights, third));
    values.set(y, made.hidden);
    values.set(present, made.present);
  } else if (node.opType === 'Score') values.set(y, score(x, weightOf(weights, second)));
  else {
    const w = weightOf(weights, second);
    const add = node.opType === 'Plus';
    values.set(
      y,
      fromFloat32(
        x.dims,
        asFloat32(x).map((v, at) => (add ? v + (w[at] ?? 0) : v * (w[at] ?? 0))),
      ),
    );
  }
}

function weightOf(weights: Weights, name: string): Float32Array {
  const found = weights.get(name);
  if (!found) throw new Error(`no weight ${name}`);
  return found;
}

function embed({ dims, data }: Tensor, words: Float32Array): Tensor {
  const ids = new BigInt64Array(data.slice().buffer);
  const out = new Float32Array(ids.length * DEPTH);
  for (const [at, id] of ids.entries())
    out.set(words.subarray(Number(id) * DEPTH, (Number(id) + 1) * DEPTH), at * DEPTH);
  return fromFloat32([...dims, DEPTH], out);
}

function mix(x: Tensor, past: Tensor, w: Float32Array): { hidden: Tensor; present: Tensor } {
  const tokens = x.dims[1] ?? 0;
  const before = past.dims[2] ?? 0;
  const all = new Float32Array((before + tokens) * DEPTH);
  all.set(asFloat32(past));
  all.set(asFloat32(x), before * DEPTH);
  const out = new Float32Array(tokens * DEPTH);
  for (let t = 0; t < tokens; t++) {
    for (let d = 0; d < DEPTH; d++) {
      let sum = 0;
      for (let at = 0; at <= before + t; at++)
        sum += (all[at * DEPTH + d] ?? 0) * (w[(at % WORDS) * DEPTH + d] ?? 0);
      out[t * DEPTH + d] = Math.sin(3 * sum + (all[(before + t) * DEPTH + ((d + 1) % DEPTH)] ?? 0));
    }
  }
  return { hidden: fromFloat32(x.dims, out), present: fromFloat32([1, 1, before + tokens, DEPTH], all) };
}

function score(x: Tensor, words: Float32Array): Tensor {
  const tokens = x.dims[1] ?? 0;
  const h = asFloat32(x);
  const out = new Float32Array(tokens * WORDS);
  for (let t = 0; t < tokens; t++)
    for (let word = 0; word < WORDS; word++)
      for (let d = 0; d < DEPTH; d++)
        out[t * WORDS + word] =
          (out[t * WORDS + word] ?? 0) + (h[t * DEPTH + d] ?? 0) * (words[word * DEPTH + d] ?? 0);
  return fromFloat32([1, tokens, WORDS], out);
}
