/**
 * From pen strokes to a 28 x 28 picture framed like MNIST: the digit fits a box of 20 pixels, keeps its aspect
 * ratio, and its centre of mass lies in the middle (yann.lecun.com/exdb/mnist). Drawn from the strokes rather
 * than shrunk from the canvas, so a small digit gets the same pen as a large one.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Points in the order drawn, in any unit. */
export type Stroke = readonly Point[];

export const SIDE = 28;
const BOX = 20;
/** Half the pen's width in pixels: MNIST's strokes are about 2.6 pixels wide with soft edges. */
const PEN = 1.3;
/** Points nearer than this share of the drawing add nothing to see, only time. */
const CLOSE = 1 / 200;

/** Grey levels 0..255, row-major, white on black; all black when nothing was drawn. */
export function picture(strokes: readonly Stroke[]): Uint8ClampedArray<ArrayBuffer> {
  const framed = frame(strokes);
  const once = render(framed, { x: 0, y: 0 });
  const mass = centre(once);
  return mass ? render(framed, { x: SIDE / 2 - mass.x, y: SIDE / 2 - mass.y }) : once;
}

/** Scales the strokes into the box and puts its middle in the picture's middle. */
function frame(strokes: readonly Stroke[]): readonly Stroke[] {
  const points = strokes.flat();
  const [left, right] = extent(points.map((point) => point.x));
  const [top, bottom] = extent(points.map((point) => point.y));
  const size = Math.max(right - left, bottom - top);
  const scale = size > 0 ? (BOX - 2 * PEN) / size : 1;
  const place = (point: Point): Point => ({
    x: (point.x - (left + right) / 2) * scale + SIDE / 2,
    y: (point.y - (top + bottom) / 2) * scale + SIDE / 2,
  });
  return strokes.map((stroke) => thin(stroke, size * CLOSE).map(place));
}

function extent(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

function thin(stroke: Stroke, close: number): Stroke {
  const kept: Point[] = [];
  for (const [i, point] of stroke.entries()) {
    const last = kept.at(-1);
    const far = !last || Math.hypot(point.x - last.x, point.y - last.y) >= close;
    if (far || i === stroke.length - 1) kept.push(point);
  }
  return kept;
}

/** Each pixel is as bright as the pen covers it; the pen's edge is one pixel soft. */
function render(strokes: readonly Stroke[], shift: Point): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(SIDE * SIDE);
  for (const stroke of strokes) {
    for (const [i, b] of stroke.entries()) {
      const a = stroke[i - 1] ?? b;
      for (let at = 0; at < pixels.length; at++) {
        const x = (at % SIDE) + 0.5 - shift.x;
        const y = Math.floor(at / SIDE) + 0.5 - shift.y;
        const cover = 255 * (PEN + 0.5 - toSegment(x, y, a, b));
        if (cover > (pixels[at] ?? 0)) pixels[at] = cover;
      }
    }
  }
  return pixels;
}

function toSegment(x: number, y: number, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const along = length > 0 ? Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length)) : 0;
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy);
}

function centre(pixels: Uint8ClampedArray): Point | null {
  let [mass, x, y] = [0, 0, 0];
  for (const [at, level] of pixels.entries()) {
    mass += level;
    x += level * ((at % SIDE) + 0.5);
    y += level * (Math.floor(at / SIDE) + 0.5);
  }
  return mass > 0 ? { x: x / mass, y: y / mass } : null;
}

/** Grey levels as an opaque image. */
export function toImage(pixels: ArrayLike<number>): ImageData {
  const image = new ImageData(SIDE, SIDE);
  for (let at = 0; at < SIDE * SIDE; at++) {
    const level = pixels[at] ?? 0;
    image.data.set([level, level, level, 255], at * 4);
  }
  return image;
}
