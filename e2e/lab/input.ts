import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import { decodeTensor } from '../../core/graph/tensor-proto.ts';
import type { ModelCard } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import { openModelFile } from '../../tools/split/model-file.ts';
import type { LabOptions } from './options.ts';
import { UsageError } from './usage-error.ts';

/** The input that the command line names, and the sizes it asks for. */
export interface LabInput {
  readonly recorded: Tensor | undefined;
  /** Sizes of symbolic dimensions: those said, and those that the recorded input has. */
  readonly sizes: Readonly<Record<string, number>>;
}

/**
 * Reads what the command line names, before any browser is started for it.
 * @throws UsageError for files that are not there or do not fit; ModelFormatError
 */
export async function readInput(
  options: Pick<LabOptions, 'model' | 'input' | 'dims' | 'json'>,
): Promise<LabInput> {
  reachable('--model', options.model, constants.R_OK);
  if (options.json !== undefined) reachable('--json', dirname(options.json), constants.W_OK);
  const { graph } = await openModelFile(options.model);
  const recorded = options.input === undefined ? undefined : readRecorded(options.input);
  return { recorded, sizes: sizesOf(graph.inputs, options.dims, recorded) };
}

/** What the model is fed: seeded random numbers, the first input replaced by the recorded one if there is one. */
export function feedsFor(
  card: Pick<ModelCard, 'inputs' | 'dims' | 'guess'>,
  seed: number,
  recorded?: Tensor,
): Record<string, Tensor> {
  const drawn = sampleInputs(card.inputs, card.dims, seed, card.guess);
  const feeds = Object.fromEntries(
    card.inputs.flatMap(({ name }, i) => (drawn[i] ? [[name, drawn[i]]] : [])),
  );
  const [first] = card.inputs;
  if (recorded && first) feeds[first.name] = recorded;
  return feeds;
}

/**
 * Sizes by name for a model with these inputs.
 * @throws UsageError for a name the model does not have, and for a recorded input of another shape
 */
export function sizesOf(
  inputs: readonly BoundaryTensor[],
  said: Readonly<Record<string, number>>,
  recorded: Pick<Tensor, 'dims'> | undefined,
): Record<string, number> {
  const named = inputs.flatMap(({ dims }) => dims ?? []).filter((dim) => typeof dim === 'string');
  for (const name of Object.keys(said)) {
    // A name may also be part of a sum, such as "past + 1".
    if (named.some((dim) => dim.includes(name))) continue;
    const known = named.length === 0 ? 'none' : [...new Set(named)].join(', ');
    throw new UsageError(`--dim: the model has no dimension "${name}"; it has ${known}.`);
  }
  const [first] = inputs;
  if (!recorded || !first?.dims) return { ...said };
  const sizes: Record<string, number> = {};
  const fits =
    first.dims.length === recorded.dims.length &&
    first.dims.every((dim, axis) => {
      const size = recorded.dims[axis] ?? 0;
      if (typeof dim === 'number') return dim === size;
      if (dim !== null) sizes[dim] = size;
      return dim === null || (said[dim] ?? size) === size;
    });
  if (fits) return { ...said, ...sizes };
  throw new UsageError(
    `--input has the shape [${recorded.dims}]; the model takes "${first.name}" as [${first.dims}].`,
  );
}

function readRecorded(file: string): Tensor {
  reachable('--input', file, constants.R_OK);
  try {
    return decodeTensor(new Uint8Array(readFileSync(file))).tensor;
  } catch (error) {
    throw new UsageError(`--input: ${file} is no TensorProto. ${messageOf(error)}`);
  }
}

function reachable(option: string, path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch {
    throw new UsageError(`${option}: there is no "${path}", or it may not be used.`);
  }
}
