import { resample } from './resample.ts';

/** MNIST's own form: a digit fits a 20-pixel box within 28 pixels, its centre of mass at (14, 14) (LeCun, 1998). */
const SIDE = 28;
const BOX = 20;
const MIDDLE = 14;
/** Fainter than a tenth of full ink is paper: the grain of a photo, the haze of a compressed one. */
const FAINT = 26;

/**
 * Puts a drawing into the form of MNIST's digits. `ink` is one byte per pixel, 0 for paper, 255 for full ink.
 * Returns 28 x 28 bytes; all zero when there is no ink. A drawing of 28 x 28 is taken to have the form already.
 */
export function centreDigit(ink: Uint8Array, width: number, height: number): Uint8Array<ArrayBuffer> {
  if (width === SIDE && height === SIDE) return ink.slice();
  const box = boundingBox(ink, width, height);
  const digit = new Uint8Array(SIDE * SIDE);
  if (!box) return digit;
  const scale = BOX / Math.max(box.width, box.height);
  const size = {
    width: Math.max(1, Math.round(box.width * scale)),
    height: Math.max(1, Math.round(box.height * scale)),
  };
  const small = resample(crop(ink, width, box), box, size, 1);
  const mass = centreOfMass(small, size.width);
  const left = place(MIDDLE - mass.x, size.width);
  const top = place(MIDDLE - mass.y, size.height);
  for (let y = 0; y < size.height; y++) {
    digit.set(small.subarray(y * size.width, (y + 1) * size.width), (top + y) * SIDE + left);
  }
  return digit;
}

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function boundingBox(ink: Uint8Array, width: number, height: number): Box | null {
  let left = width;
  let right = -1;
  let top = height;
  let bottom = -1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((ink[y * width + x] ?? 0) < FAINT) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function crop(ink: Uint8Array, stride: number, { left, top, width, height }: Box): Uint8Array {
  const part = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const start = (top + y) * stride + left;
    part.set(ink.subarray(start, start + width), y * width);
  }
  return part;
}

function centreOfMass(ink: Uint8Array, width: number): { x: number; y: number } {
  let sum = 0;
  let x = 0;
  let y = 0;
  ink.forEach((value, index) => {
    sum += value;
    x += value * (index % width);
    y += value * Math.floor(index / width);
  });
  return sum > 0 ? { x: x / sum, y: y / sum } : { x: width / 2, y: ink.length / width / 2 };
}

/** Whole pixels, so that nothing blurs, and never over the edge. */
function place(offset: number, length: number): number {
  return Math.min(SIDE - length, Math.max(0, Math.round(offset)));
}
