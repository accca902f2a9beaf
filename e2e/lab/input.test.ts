import { describe, expect, it } from 'vitest';
import type { BoundaryTensor } from '../../core/graph/shard.types.ts';
import { feedsFor, readInput, sizesOf } from './input.ts';

const IMAGE: BoundaryTensor = { name: 'image', dtype: 'float32', dims: ['batch', 3, 'height', 'width'] };
const FIXED: BoundaryTensor = { name: 'x', dtype: 'float32', dims: [1, 2] };

describe('sizesOf', () => {
  it('takes the sizes of open dimensions from the recorded input', () => {
    const sizes = sizesOf([IMAGE], { batch: 1 }, { dims: [1, 3, 244, 200] });
    expect(sizes).toEqual({ batch: 1, height: 244, width: 200 });
  });

  it('accepts a name that is part of a sum', () => {
    const mask: BoundaryTensor = { name: 'mask', dtype: 'int64', dims: ['past + 1'] };
    expect(sizesOf([mask], { past: 4 }, undefined)).toEqual({ past: 4 });
  });

  it('refuses a name that the model does not have, and says which it has', () => {
    expect(() => sizesOf([IMAGE], { breadth: 3 }, undefined)).toThrow(/breadth.*batch, height, width/);
  });

  it.each([
    ['another fixed size', [1, 3], {}],
    ['another rank', [1, 2, 1], {}],
  ])('refuses a recorded input of %s', (_what, dims, said) => {
    expect(() => sizesOf([FIXED], said, { dims })).toThrow(/--input/);
  });

  it('refuses a recorded input of another size than said', () => {
    expect(() => sizesOf([IMAGE], { height: 10 }, { dims: [1, 3, 20, 20] })).toThrow(/--input/);
  });
});

describe('feedsFor', () => {
  const card = { inputs: [FIXED, { ...FIXED, name: 'state' }], dims: {} };

  it('draws every input, the same for the same seed', () => {
    expect(feedsFor(card, 7)).toEqual(feedsFor(card, 7));
    expect(feedsFor(card, 7)).not.toEqual(feedsFor(card, 8));
  });

  it('puts the recorded input first and draws the rest', () => {
    const recorded = { dtype: 'float32', dims: [1, 2], data: new Uint8Array(8) } as const;
    const feeds = feedsFor(card, 7, recorded);
    expect(feeds.x).toBe(recorded);
    expect(feeds.state).toEqual(feedsFor(card, 7).state);
  });
});

it.each([
  ['--model', { model: 'there-is-no-such-file.onnx' }],
  ['--json', { model: 'package.json', json: 'there-is-no-such-folder/lab.json' }],
])('refuses a path that cannot be used: %s', async (option, said) => {
  const rest = { input: undefined, dims: {}, json: undefined };
  await expect(readInput({ ...rest, ...said })).rejects.toThrow(option);
});
