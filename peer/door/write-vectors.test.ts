import { expect, test } from 'vitest';
import { writeVectors } from './write-vectors.ts';

test('many vectors are written with pauses, in which others get their turn', async () => {
  const vectors = Array.from({ length: 4 }, (_, at) => new Float32Array(300_000).fill(at));
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const text = await writeVectors(vectors, 'float');
  isDone = true;
  expect(turns).toBeGreaterThanOrEqual(3);
  const read: { index: number; embedding: number[] }[] = JSON.parse(`[${text}]`);
  expect(read.map(({ index, embedding }) => [index, embedding.length, embedding[9]])).toEqual(
    [0, 1, 2, 3].map((at) => [at, 300_000, at]),
  );
});

test('as base64 a vector is its bytes', async () => {
  const text = await writeVectors([Float32Array.of(1, -2)], 'base64');
  expect(JSON.parse(text)).toEqual({ object: 'embedding', index: 0, embedding: 'AACAPwAAAMA=' });
});
