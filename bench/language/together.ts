import type { WrittenText } from './texts.ts';

/**
 * Tokens per second of all texts together while all of them are being written: from the moment when the last of them
 * has its first token to the moment when the first of them is done.
 * @throws RangeError when they were never all being written.
 */
export function rateTogether(texts: readonly WrittenText[]): number {
  const begin = Math.max(...texts.map(({ times }) => times[0] ?? Number.POSITIVE_INFINITY));
  const end = Math.min(...texts.map(({ times }) => times.at(-1) ?? 0));
  if (!(end > begin)) throw new RangeError('The texts were not written at the same time.');
  const tokens = texts.reduce(
    (sum, { times }) => sum + times.filter((time) => time > begin && time <= end).length,
    0,
  );
  return (tokens * 1000) / (end - begin);
}
