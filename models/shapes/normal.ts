/** Coefficients of Peter Acklam's rational approximation (relative error below 1.2e-9), highest power first. */
const CENTRE = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const UNDER_CENTRE = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
  1,
];
const TAIL = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const UNDER_TAIL = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
const TAIL_BELOW = 0.02425;

/** The value below which a standard normal number lies with probability `p`, 0 < p < 1. */
function quantile(p: number): number {
  if (p > 0.5) return -quantile(1 - p);
  if (p < TAIL_BELOW) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(TAIL, q) / polynomial(UNDER_TAIL, q);
  }
  const q = p - 0.5;
  const r = q * q;
  return (polynomial(CENTRE, r) * q) / polynomial(UNDER_CENTRE, r);
}

function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/** How many values a table of {@link NORMAL} has: one for each pattern of 16 bits. */
export const LEVELS = 65_536;

/** A standard normal number for each pattern of 16 bits: a look-up takes a tenth of the time of Box and Muller. */
export const NORMAL: Float32Array = Float32Array.from({ length: LEVELS }, (_, bits) =>
  quantile((bits + 0.5) / LEVELS),
);
