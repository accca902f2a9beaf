import { intAttribute } from '../../core/graph/model-builder.ts';
import { type GraphDraft, MICROSOFT, pathOf } from './draft.ts';
import { type Fill, LEVELS_PER_DEVIATION, nibbles, normal } from './fills.ts';
import type { Linear } from './linear.ts';

/** Values that share a scale. */
const BLOCK = 32;
const BITS = 4;
/** Bytes of a block: two values each. */
const BLOCK_BYTES = BLOCK / 2;
/** Products in int8, as ONNX Runtime's builder of language models asks for. */
const ACCURACY_LEVEL = 4;
/** Scales differ a little from block to block, as those of trained weights do. */
const SPREAD = 0.1;

/**
 * A matrix product in 4 bits (com.microsoft MatMulNBits): values [to, from / 32, 16] bytes, scales
 * [to * from / 32]; no zero points, so the zero is at 8.
 * Throws RangeError where `from` is no multiple of the block.
 */
export const fourBitLinear: Linear = (
  draft,
  module,
  x,
  { from, to },
  output = `${pathOf(module)}/MatMul_Q4_output_0`,
) => {
  const blocks = blocksOf(from);
  const values = draft.weight(`${module}.weight_Q4`, [to, blocks, BLOCK_BYTES], nibbles, 'uint8');
  const scales = draft.weight(`${module}.weight_scales`, [to * blocks], scalesFor(from));
  return draft.node('MatMulNBits', `${pathOf(module)}/MatMul_Q4`, [x, values, scales], {
    domain: MICROSOFT,
    outputs: [output],
    attributes: [
      intAttribute('K', from),
      intAttribute('N', to),
      intAttribute('bits', BITS),
      intAttribute('block_size', BLOCK),
      intAttribute('accuracy_level', ACCURACY_LEVEL),
    ],
  });
};

/** Rows of a 4-bit table (com.microsoft GatherBlockQuantized): values [rows, size / 2] bytes, scales [rows, size / 32]. */
export function fourBitGather(
  draft: GraphDraft,
  module: string,
  ids: string,
  { rows, size }: { readonly rows: number; readonly size: number },
): string {
  const blocks = blocksOf(size);
  const values = draft.weight(`${module}.weight_Q4`, [rows, blocks * BLOCK_BYTES], nibbles, 'uint8');
  const scales = draft.weight(`${module}.weight_scales`, [rows, blocks], scalesFor(size));
  return draft.node('GatherBlockQuantized', `${pathOf(module)}/Gather_Q4`, [values, ids, scales], {
    domain: MICROSOFT,
    attributes: [
      intAttribute('bits', BITS),
      intAttribute('block_size', BLOCK),
      intAttribute('gather_axis', 0),
      intAttribute('quantize_axis', 1),
    ],
  });
}

/** Scales that give the deviation of fp32 weights of the same size. */
function scalesFor(from: number): Fill {
  const mean = from ** -0.5 / LEVELS_PER_DEVIATION;
  return normal(mean * SPREAD, mean);
}

function blocksOf(size: number): number {
  if (size % BLOCK !== 0)
    throw new RangeError(`4 bits come in blocks of ${BLOCK}, and ${size} is no multiple`);
  return size / BLOCK;
}
