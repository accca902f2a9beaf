import { expect, test } from 'vitest';
import type { ModelCard } from '../../core/session/state.ts';
import { givenItem } from './given-item.ts';

/** A graph that says nothing of its input's shape. */
const card = {
  inputs: [{ name: 'x', dtype: 'uint8', dims: null }],
  outputs: [],
  dims: {},
} as unknown as ModelCard;
const fed = (dims: readonly number[], bytes: number) =>
  givenItem(card, { x: { dtype: 'uint8', dims, data: new Uint8Array(bytes) } });

test('a shape that no device can be sent is refused at once, also where the graph takes any', () => {
  expect(fed([1, 2, 3], 6)).toHaveLength(1);
  expect(fed(Array(16).fill(1), 1)).toHaveLength(1);
  expect(() => fed(Array(17).fill(1), 1)).toThrow(expect.objectContaining({ name: 'InputError' }));
  expect(() => fed([0, 2 ** 32], 0)).toThrow(expect.objectContaining({ name: 'InputError' }));
});
