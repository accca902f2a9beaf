/** The bits of the nearest half-precision number (IEEE 754 binary16); of two equally near ones, the even one. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Half of a last place above the largest number, 65504, and everything beyond.
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | nearest(size * 2 ** 24);
  const exponent = exponentOf(size);
  // A fraction that rounds up to the next power of two carries into the exponent, as it should.
  return sign | (((exponent + 15) << 10) + nearest((size / 2 ** exponent - 1) * 1024));
}

/** The largest power of two that is not above: log2 may round up to the next one. */
function exponentOf(size: number): number {
  const near = Math.floor(Math.log2(size));
  return 2 ** near > size ? near - 1 : near;
}

function nearest(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
