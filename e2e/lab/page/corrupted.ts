import { asFloat32, fromFloat32, type Tensor } from '../../../core/tensor/tensor.ts';

/**
 * The same tensors with numbers that are wrong by up to `share` of themselves, each by another part of it, as from a
 * device whose arithmetic is faulty. Only float32: an index that is slightly wrong would be another one.
 */
export function corrupted(tensors: readonly Tensor[], share: number): readonly Tensor[] {
  if (share === 0) return tensors;
  return tensors.map((tensor) => {
    if (tensor.dtype !== 'float32') return tensor;
    const wrong = asFloat32(tensor).map((value, i) => value * (1 + share * Math.sin(i + 1)));
    return fromFloat32(tensor.dims, wrong);
  });
}
