import { expect, test } from 'vitest';
import { Quota } from './quota.ts';

test('so much of one key in a minute; then by how much it is too much', async () => {
  const quota = new Quota('test', 3);
  const beyond: number[] = [];
  for (let i = 0; i < 5; i++) beyond.push(await quota.beyond('a'));
  expect(beyond).toEqual([0, 0, 0, 1, 2]);
  expect(await quota.beyond('b')).toBe(0);
});

test('what Redis does not count is counted here', async () => {
  const quota = new Quota('test', 2);
  let asked = 0;
  const broken = {
    eval: () => {
      asked += 1;
      return Promise.reject(new Error('The client is closed'));
    },
  };
  quota.share(broken);
  const beyond: number[] = [];
  for (let i = 0; i < 4; i++) beyond.push(await quota.beyond('a'));
  expect(beyond).toEqual([0, 0, 1, 2]);
  expect(asked).toBe(4);
  // And goes on being so when the connection is known to be lost.
  quota.share(undefined);
  expect(await quota.beyond('a')).toBe(3);
});

test('with Redis its count is the one that counts', async () => {
  const quota = new Quota('test', 2);
  quota.share({ eval: async () => [7, 1000] });
  expect(await quota.beyond('a')).toBe(5);
});
