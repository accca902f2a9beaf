/** Median and the spread around it. */
export interface Spread {
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
}

/**
 * The value below which this share of the sample lies, by linear interpolation between its neighbours.
 * @throws RangeError for an empty sample.
 */
export function quantile(sample: readonly number[], share: number): number {
  const sorted = [...sample].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('An empty sample has no quantiles.');
  return below + (above - below) * (place - Math.floor(place));
}

/** Median, p10 and p90 of a sample. */
export function spread(sample: readonly number[]): Spread {
  return { median: quantile(sample, 0.5), p10: quantile(sample, 0.1), p90: quantile(sample, 0.9) };
}

/** "1.03 (0.98 to 1.07)". */
export function spreadWords({ median, p10, p90 }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${p10.toFixed(digits)} to ${p90.toFixed(digits)})`;
}
