import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../core/errors.ts';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import { decodeTensor } from '../../core/graph/tensor-proto.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';

/** Reads `input_*.pb` of a folder: by name where the file names an input of the model, else by number. */
export async function recordedInputs(folder: string, inputs: readonly BoundaryTensor[]): Promise<Tensor[]> {
  const byName = await recordings(folder, /^input_(\d+)\.pb$/, inputs);
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

/** Reads `output_*.pb` in the same way; null where the folder has not all of them. */
export async function recordedOutputs(
  folder: string,
  outputs: readonly BoundaryTensor[],
): Promise<Tensor[] | null> {
  const byName = await recordings(folder, /^output_(\d+)\.pb$/, outputs);
  const found = outputs.flatMap(({ name }) => byName.get(name) ?? []);
  return found.length === outputs.length ? found : null;
}

async function recordings(
  folder: string,
  pattern: RegExp,
  values: readonly BoundaryTensor[],
): Promise<Map<string, Tensor>> {
  const byName = new Map<string, Tensor>();
  for (const file of await readdir(folder)) {
    const index = pattern.exec(file)?.[1];
    if (index === undefined) continue;
    const { name, tensor } = decodeTensor(new Uint8Array(await readFile(join(folder, file))));
    const named = values.some((value) => value.name === name);
    byName.set(named ? name : (values[Number(index)]?.name ?? file), tensor);
  }
  return byName;
}
