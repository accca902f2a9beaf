import type { BoundaryTensor } from '../graph/shard.types.ts';

/**
 * The number of classes when the outputs are one list of scores per picture, as [N, 1000] or [N, 1000, 1, 1];
 * `unknown` when it is a list of unnamed length; null when it is something else, such as boxes or a picture.
 */
export function guessClasses(outputs: readonly BoundaryTensor[]): number | 'unknown' | null {
  const [scores, ...others] = outputs;
  if (!scores || others.length > 0 || scores.dtype !== 'float32' || !scores.dims) return null;
  const [batch, ...rest] = scores.dims;
  if (rest.length === 0 || (typeof batch === 'number' && batch !== 1)) return null;
  const wide = rest.filter((dim) => dim !== 1);
  if (wide.length !== 1) return null;
  const classes = wide[0];
  if (typeof classes !== 'number') return rest.length === 1 ? 'unknown' : null;
  return classes;
}
