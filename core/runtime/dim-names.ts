import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The values of a model's symbolic dimensions, as learnt from tensors whose shapes are known. */
export class DimNames {
  readonly #values = new Map<string, number>();

  /** Tensors that stand at a boundary, in its order. */
  learn(boundary: readonly BoundaryTensor[], tensors: readonly Tensor[]): void {
    for (const [index, { dims }] of boundary.entries()) {
      for (const [axis, dim] of (dims ?? []).entries()) {
        const size = tensors[index]?.dims[axis];
        if (typeof dim === 'string' && size !== undefined) this.#values.set(dim, size);
      }
    }
  }

  /** The shape that a tensor has by its declaration; undefined where that leaves a size open. */
  shapeOf({ dims }: BoundaryTensor): number[] | undefined {
    const shape = (dims ?? [null]).map((dim) => (typeof dim === 'string' ? this.#values.get(dim) : dim));
    return shape.every((size) => typeof size === 'number') ? shape : undefined;
  }
}
