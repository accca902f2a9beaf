import { expect, test } from 'vitest';
import type { Sequence } from '../../core/runtime/sequence.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { fromFloat32, type Tensor } from '../../core/tensor/tensor.ts';
import { ModelSequence } from './model-sequence.ts';

const value = (name: string) => ({ name, dtype: 'float32', dims: [1] }) as const;
const one = (number: number): Tensor => fromFloat32([1], new Float32Array([number]));

/** A model of two inputs and outputs beside its state, and what its runs were fed. */
function decoder(): { sequence: ModelSequence; fed: (readonly Tensor[])[] } {
  const card = {
    inputs: [value('ids'), value('past'), value('mask')],
    outputs: [value('logits'), value('present'), value('score')],
    states: [{ input: 'past', output: 'present' }],
  } as unknown as ModelCard;
  const fed: (readonly Tensor[])[] = [];
  const run = async (tensors: readonly Tensor[]) => {
    fed.push(tensors);
    return { tensors: [one(5), one(6)], latencyMs: 3, stages: [] };
  };
  return { sequence: new ModelSequence(card, { run } as unknown as Sequence), fed };
}

test('feeds and answers go by name, without the kept states', async () => {
  const { sequence, fed } = decoder();
  const { outputs } = await sequence.run({ mask: one(2), ids: one(1) });
  expect(fed).toEqual([[one(1), one(2)]]);
  expect(outputs).toEqual([
    { name: 'logits', tensor: one(5) },
    { name: 'score', tensor: one(6) },
  ]);
});

test('a state, an unknown name or a missing input is refused before anything runs', async () => {
  const { sequence, fed } = decoder();
  const refused = expect.objectContaining({ name: 'InputError' });
  await expect(sequence.run({ ids: one(1), mask: one(2), past: one(3) })).rejects.toEqual(refused);
  await expect(sequence.run({ ids: one(1) })).rejects.toEqual(refused);
  expect(fed).toEqual([]);
});
