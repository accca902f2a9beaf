/** Pixels of a picture, four bytes each: red, green, blue, alpha, alpha not multiplied in. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** A drawing whose darkest stroke differs less than this from the paper is empty. */
const LEAST_CONTRAST = 32;

/** Brightness as the eye weighs it (ITU-R BT.601), with Pillow's integer weights. */
export function luminance(r: number, g: number, b: number): number {
  return (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;
}

/**
 * How much ink lies on each pixel of a drawing, 0..255, whatever the colours: on a transparent canvas the
 * opacity, else the distance from the brightness of the border, stretched so that the strongest stroke is 255.
 */
export function inkOf({ width, height, data }: Pixels): Uint8Array<ArrayBuffer> {
  const count = width * height;
  const transparent = isTransparent(data, count);
  const levels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * 4;
    levels[i] = transparent
      ? byte(data, at + 3)
      : luminance(byte(data, at), byte(data, at + 1), byte(data, at + 2));
  }
  const paper = transparent ? 0 : borderMean(levels, width, height);
  const distance = levels.map((level) => Math.abs(level - paper));
  const strongest = distance.reduce((most, value) => Math.max(most, value), 0);
  if (strongest < LEAST_CONTRAST) return new Uint8Array(count);
  return distance.map((value) => Math.round((value * 255) / strongest));
}

function isTransparent(data: Pixels['data'], count: number): boolean {
  for (let i = 0; i < count; i++) if (byte(data, i * 4 + 3) < 128) return true;
  return false;
}

function borderMean(levels: Uint8Array, width: number, height: number): number {
  let sum = 0;
  let count = 0;
  levels.forEach((level, index) => {
    const x = index % width;
    const y = Math.floor(index / width);
    if (x > 0 && y > 0 && x < width - 1 && y < height - 1) return;
    sum += level;
    count++;
  });
  return Math.round(sum / count);
}

function byte(data: Pixels['data'], index: number): number {
  return data[index] ?? 0;
}
