import type { BoundaryTensor } from './shard.types.ts';

/** One state that goes round: what a run returns as `output`, the next run is fed as `input`. */
export interface StateSlot {
  readonly input: string;
  readonly output: string;
}

/** A name in two ways: `past_key_values.0.key` is the input of what `present.0.key` is the output of. */
interface Spelling {
  readonly input: RegExp;
  readonly output: string;
}

/** What is called so is a state, also where its input and output differ by a mere "in" and "out". */
const STATEFUL =
  /state|cache|hidden|cell|memory|mem\d|buffer|past|ssm|conv|recurr|context|carry|kv|(^|[_.])[hc]\d*($|[_.])/i;

/**
 * How exporters name both ends of a state: transformers and Optimum (past_key_values), ONNX Runtime GenAI (past_0,
 * past_conv), Silero (stateN), streaming speech models of icefall, NeMo and GTCRN (caches), PyTorch's RNNs (h0, hn).
 * `sure`: such a pair is a state whatever else it is called.
 */
const SPELLINGS: readonly (Spelling & { readonly sure: boolean })[] = [
  { input: /past_key_values/, output: 'present_key_values', sure: true },
  { input: /past_key_values/, output: 'present', sure: true },
  { input: /past_key_values/, output: 'present_key_value', sure: true },
  { input: /past/, output: 'present', sure: true },
  { input: /^(.+)$/, output: 'new_$1', sure: true },
  { input: /^(.+)$/, output: 'next_$1', sure: true },
  { input: /^(.+)$/, output: '$1_next', sure: true },
  { input: /^(.+)$/, output: '$1_new', sure: true },
  { input: /prev(ious)?/, output: 'next', sure: true },
  { input: /^prev(ious)?_(.+)$/, output: '$2', sure: true },
  { input: /^old_(.+)$/, output: 'new_$1', sure: true },
  { input: /^init(ial)?_(.+)$/, output: 'final_$2', sure: true },
  { input: /^([a-z])_?0$/, output: '$1n', sure: true },
  { input: /^([a-z])_?0$/, output: '$1_n', sure: true },
  { input: /^(r\d+)i$/, output: '$1o', sure: true },
  { input: /^(.+)$/, output: '$1N', sure: false },
  { input: /^(.+)$/, output: '$1n', sure: false },
  { input: /^(.+)$/, output: '$1_n', sure: false },
  { input: /^(.+)$/, output: '$1_out', sure: false },
  { input: /^(.+)$/, output: '$1_output', sure: false },
  { input: /^(.+)$/, output: 'out_$1', sure: false },
  { input: /^(.+)$/, output: 'output_$1', sure: false },
  { input: /^(.+?)_?in(put)?$/, output: '$1_out', sure: false },
  { input: /^(.+?)_?in(put)?$/, output: '$1_output', sure: false },
  { input: /^(.+?)_?in(put)?$/, output: '$1', sure: false },
  { input: /^in(put)?_(.+)$/, output: 'out_$2', sure: false },
  { input: /^in(put)?_(.+)$/, output: 'output_$2', sure: false },
  { input: /(^|[_.])in([_.])/, output: '$1out$2', sure: false },
  { input: /(^|[_.])input([_.])/, output: '$1output$2', sure: false },
];

/**
 * Pairs inputs and outputs of a model that are one state, by their names, element type, rank and fixed sizes. Each
 * input and each output is in one pair at most.
 */
export function findStateSlots(
  inputs: readonly BoundaryTensor[],
  outputs: readonly BoundaryTensor[],
): StateSlot[] {
  const left = new Map(outputs.map((output) => [output.name, output]));
  return inputs.flatMap((input) => {
    for (const { input: pattern, output: spelling, sure } of SPELLINGS) {
      if (!pattern.test(input.name) || !(sure || STATEFUL.test(input.name))) continue;
      const output = left.get(input.name.replace(pattern, spelling));
      if (!output || output.name === input.name || !alike(input, output)) continue;
      left.delete(output.name);
      return [{ input: input.name, output: output.name }];
    }
    return [];
  });
}

/** A past of three tokens becomes a present of four, so open sizes may differ, fixed ones not. */
function alike(a: BoundaryTensor, b: BoundaryTensor): boolean {
  if (a.dtype !== b.dtype) return false;
  if (!a.dims || !b.dims) return true;
  if (a.dims.length !== b.dims.length) return false;
  return a.dims.every((dim, axis) => {
    const other = b.dims?.[axis];
    return typeof dim !== 'number' || typeof other !== 'number' || dim === other;
  });
}
