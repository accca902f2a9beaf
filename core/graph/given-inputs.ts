import { InputError } from '../errors.ts';
import { isDtype } from '../tensor/dtype.ts';
import { MAX_DIM, MAX_DIMS, type Tensor, tensor } from '../tensor/tensor.ts';
import type { BoundaryTensor } from './shard.types.ts';

/** @throws InputError when a tensor is given for what is none of the inputs. */
export function refuseUnknown(
  feeds: Readonly<Record<string, Tensor>>,
  inputs: readonly BoundaryTensor[],
): void {
  const unknown = Object.keys(feeds).find((name) => !inputs.some((input) => input.name === name));
  if (unknown === undefined) return;
  const data = { step: 'ask', expected: inputs.map((input) => input.name).join(', '), actual: unknown };
  throw new InputError(`No value may be given for "${unknown}".`, data);
}

/** @throws InputError when there is no value, or not of the input's type and shape. */
export function fitting(value: Tensor | undefined, input: BoundaryTensor): Tensor {
  if (!value || !isDtype(value.dtype))
    throw new InputError(`No value for the input "${input.name}".`, { step: 'ask', expected: input.name });
  if (value.dtype !== input.dtype) {
    const data = { step: 'ask', expected: input.dtype, actual: value.dtype };
    throw new InputError(`The input "${input.name}" takes ${input.dtype}, not ${value.dtype}.`, data);
  }
  // A graph that says nothing of a shape takes any, and the devices do not.
  if (value.dims.length > MAX_DIMS || value.dims.some((dim) => dim > MAX_DIM)) {
    const data = { step: 'ask', expected: `at most ${MAX_DIMS} sizes of 32 bits`, actual: `[${value.dims}]` };
    throw new InputError(`The input "${input.name}" cannot have ${value.dims.length} such sizes.`, data);
  }
  const fits =
    input.dims === null ||
    (input.dims.length === value.dims.length &&
      input.dims.every((dim, axis) => typeof dim !== 'number' || dim === value.dims[axis]));
  if (!fits) {
    const data = { step: 'ask', expected: `[${input.dims}]`, actual: `[${value.dims}]` };
    throw new InputError(`The input "${input.name}" has shape [${input.dims}], not [${value.dims}].`, data);
  }
  return tensor(value.dtype, value.dims, value.data);
}
