import { describe, expect, test } from 'vitest';
import type { ModelCard } from '../../core/session/state.ts';
import { draftOf, readDraft } from './task-draft.ts';

const CARD: ModelCard = {
  name: 'm',
  about: '',
  source: 'file',
  bytes: 1,
  weightBytes: 1,
  nodes: 1,
  blocks: 1,
  uncuttable: null,
  inputs: [{ name: 'x', dtype: 'float32', dims: ['N', 3, 64, 48] }],
  outputs: [],
  dims: { N: 1 },
  task: { kind: 'tensors' },
};

const IMAGE: ModelCard = {
  ...CARD,
  task: {
    kind: 'classify-image',
    labels: ['cat', 'dog'],
    preprocess: {
      input: 'x',
      width: 48,
      height: 64,
      layout: 'NCHW',
      channels: 'BGR',
      scale: 1 / 255,
      mean: [0.4, 0.5, 0.6],
      std: [0.2, 0.2, 0.3],
      resize: 'fit',
    },
  },
};

describe('the form of a model', () => {
  test('read as it opens, gives the task in force', () => {
    expect(readDraft(draftOf(IMAGE), IMAGE)).toEqual({ task: IMAGE.task, dims: { N: 1 } });
  });

  test('guesses size, layout and channels from the shape of the first input', () => {
    expect(draftOf(CARD)).toMatchObject({ width: '48', height: '64', layout: 'NCHW', channels: 'RGB' });
    const last = { ...CARD, inputs: [{ name: 'x', dtype: 'float32' as const, dims: [1, 28, 30, 1] }] };
    expect(draftOf(last)).toMatchObject({ width: '30', height: '28', layout: 'NHWC', channels: 'gray' });
  });

  test('spreads one mean over all channels', () => {
    const read = readDraft({ ...draftOf(IMAGE), mean: '127.5', std: '128' }, IMAGE);
    expect(read).toMatchObject({
      task: { preprocess: { mean: [127.5, 127.5, 127.5], std: [128, 128, 128] } },
    });
  });

  test('says what makes no sense instead of using it', () => {
    for (const wrong of [
      { width: '0' },
      { height: '1.5' },
      { scale: 'much' },
      { scale: '1/0' },
      { mean: '1, 2' },
      { std: '0' },
      { dims: { N: '-1' } },
      { dims: { N: '' } },
    ]) {
      expect(readDraft({ ...draftOf(IMAGE), ...wrong }, IMAGE)).toBeTypeOf('string');
    }
  });
});
