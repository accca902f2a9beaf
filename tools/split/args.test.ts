import { expect, it } from 'vitest';
import { readArgs } from './args.ts';
import { evenBoundaries } from './parts.ts';

it('reads a full command line', () => {
  const argv = [
    'm.onnx',
    '--parts',
    '3',
    '--check',
    '--dim',
    'N=2',
    '--dim',
    'a=b=7',
    '--out',
    'd',
    '--json',
    'j',
  ];
  expect(readArgs(argv)).toEqual({
    files: ['m.onnx'],
    parts: 3,
    out: 'd',
    check: true,
    inputs: null,
    dims: { N: 2, 'a=b': 7 },
    json: 'j',
    limit: 1200,
  });
  expect(readArgs(['m.onnx', '--every-cut']).parts).toBe('every-cut');
  expect(readArgs(['m.onnx']).parts).toBe(2);
  expect(readArgs(['a', 'b', '--every-cut', '--limit', '9'])).toMatchObject({ files: ['a', 'b'], limit: 9 });
});

it.each([
  [[]],
  [['a', 'b']],
  [['a', '--parts', '0']],
  [['a', '--parts', 'two']],
  [['a', '--dim', 'N']],
  [['a', '--dim', '=3']],
  [['a', '--dim', 'N=-3']],
  [['a', '--unknown']],
  [['a', '--every-cut', '--parts', '2']],
  [['a', '--limit', '0']],
])('refuses %j', (argv) => {
  expect(() => readArgs(argv)).toThrow();
});

it('shares work out evenly, with at least one block each', () => {
  const blocks = {
    count: 6,
    costs: [1, 1, 1, 1, 1, 1],
    boundaries: [],
    positions: [],
    states: [],
    uncuttable: null,
  };
  expect(evenBoundaries(blocks, 3)).toEqual([0, 2, 4, 6]);
  expect(evenBoundaries({ ...blocks, costs: [100, 1, 1, 1, 1, 1] }, 3)).toEqual([0, 1, 2, 6]);
  expect(evenBoundaries({ ...blocks, costs: [1, 1, 1, 1, 1, 100] }, 3)).toEqual([0, 4, 5, 6]);
  const t = { name: 't', dtype: 'float32', dims: null } as const;
  const tensors = [1, 1, 1, 2, 1, 1, 1].map((count) => Array.from({ length: count }, () => t));
  const many = { ...blocks, boundaries: tensors, costs: [30, 10, 11, 2, 4, 45] };
  // Three blocks are exactly half of the work, but after the fourth one tensor less has to be sent.
  expect(evenBoundaries(many, 2)).toEqual([0, 4, 6]);
  expect(() => evenBoundaries(blocks, 7)).toThrow(expect.objectContaining({ name: 'UncuttableError' }));
});
