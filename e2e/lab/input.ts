import { readFileSync } from 'node:fs';
import { sampleInputs } from '../../core/graph/sample-inputs.ts';
import { decodeTensor } from '../../core/graph/tensor-proto.ts';
import type { ModelCard } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import type { LabOptions } from './options.ts';

/** What the model is fed: seeded random numbers, the first input replaced by the recorded one if there is one. */
export function feedsFor(
  card: Pick<ModelCard, 'inputs' | 'dims'>,
  options: Pick<LabOptions, 'dims' | 'seed' | 'input'>,
): Record<string, Tensor> {
  const drawn = sampleInputs(card.inputs, { ...card.dims, ...options.dims }, options.seed);
  const feeds = Object.fromEntries(
    card.inputs.flatMap(({ name }, i) => (drawn[i] ? [[name, drawn[i]]] : [])),
  );
  const [first] = card.inputs;
  if (options.input !== undefined && first) {
    feeds[first.name] = decodeTensor(new Uint8Array(readFileSync(options.input))).tensor;
  }
  return feeds;
}
