import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../core/errors.ts';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import { decodeTensor } from '../../core/graph/tensor-proto.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';

/** Reads `input_*.pb` of a folder: by name where the file names an input of the model, else by number. */
export async function recordedInputs(folder: string, inputs: readonly BoundaryTensor[]): Promise<Tensor[]> {
  const byName = new Map<string, Tensor>();
  for (const file of await readdir(folder)) {
    const index = /^input_(\d+)\.pb$/.exec(file)?.[1];
    if (index === undefined) continue;
    const { name, tensor } = decodeTensor(new Uint8Array(await readFile(join(folder, file))));
    const named = inputs.some((input) => input.name === name);
    byName.set(named ? name : (inputs[Number(index)]?.name ?? file), tensor);
  }
  return inputs.map(({ name, dtype }) => {
    const tensor = byName.get(name);
    if (tensor?.dtype === dtype) return tensor;
    const actual = tensor?.dtype ?? 'none';
    throw new InputError(`The folder has no ${dtype} tensor for the input "${name}".`, {
      step: 'read recorded inputs',
      expected: dtype,
      actual,
    });
  });
}
