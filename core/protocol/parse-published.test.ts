import { expect, it } from 'vitest';
import { parsePublished } from './parse-published.ts';

const origin = {
  model: 'model.onnx',
  pieces: [{ file: 'stage-1/weights', offset: 0, length: 8, sha256: '0f'.repeat(32) }],
};

it('reads what split writes, and leaves the rest of the manifest alone', () => {
  expect(parsePublished(JSON.stringify({ origin, stages: [1] }))).toEqual(origin);
});

it.each([
  ['no JSON', '{'],
  ['a manifest without an origin', '{}'],
  [
    'a hash that is none',
    JSON.stringify({ origin: { ...origin, pieces: [{ ...origin.pieces[0], sha256: 'x' }] } }),
  ],
  [
    'an offset that is none',
    JSON.stringify({ origin: { ...origin, pieces: [{ ...origin.pieces[0], offset: -1 }] } }),
  ],
  ['a text of 5 MB', ' '.repeat(5 * 1024 ** 2)],
])('refuses %s', (_, text) => {
  expect(() => parsePublished(text)).toThrow(expect.objectContaining({ name: 'FetchError' }));
});
