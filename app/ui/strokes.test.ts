import { describe, expect, test } from 'vitest';
import { picture, SIDE, type Stroke } from './strokes.ts';

const line = (x0: number, y0: number, x1: number, y1: number): Stroke =>
  Array.from({ length: 40 }, (_, i) => ({ x: x0 + ((x1 - x0) * i) / 39, y: y0 + ((y1 - y0) * i) / 39 }));

function bounds(pixels: Uint8ClampedArray): { width: number; height: number } {
  const lit = [...pixels.keys()].filter((at) => (pixels[at] ?? 0) > 127);
  const [xs, ys] = [lit.map((at) => at % SIDE), lit.map((at) => Math.floor(at / SIDE))];
  return { width: Math.max(...xs) - Math.min(...xs) + 1, height: Math.max(...ys) - Math.min(...ys) + 1 };
}

describe('a drawing becomes a picture framed like MNIST', () => {
  test('nothing drawn is all black', () => {
    expect(picture([]).every((level) => level === 0)).toBe(true);
  });

  test('the longer side fills the box of 20 pixels, wherever and however small it was drawn', () => {
    for (const stroke of [line(100, 20, 100, 220), line(3, 3, 3, 9)]) {
      const { width, height } = bounds(picture([stroke]));
      expect(height).toBeGreaterThanOrEqual(19);
      expect(height).toBeLessThanOrEqual(21);
      expect(width).toBeLessThanOrEqual(4);
    }
  });

  test('the same shape gives the same picture at every size and place', () => {
    const seven = (scale: number, shift: number): Stroke[] => [
      [...line(0, 0, 10, 0), ...line(10, 0, 4, 16)].map((p) => ({
        x: p.x * scale + shift,
        y: p.y * scale + shift,
      })),
    ];
    const [a, b] = [picture(seven(1, 0)), picture(seven(13, 57))];
    for (const [at, level] of a.entries()) expect(Math.abs(level - (b[at] ?? 0))).toBeLessThanOrEqual(1);
  });

  test('the centre of mass is the centre of the picture', () => {
    // A T: most of its ink is at the top, so centring by its box would put the mass too high.
    const pixels = picture([line(0, 0, 20, 0), line(10, 0, 10, 20), line(0, 1, 20, 1)]);
    let [mass, y] = [0, 0];
    for (const [at, level] of pixels.entries()) {
      mass += level;
      y += level * (Math.floor(at / SIDE) + 0.5);
    }
    expect(Math.abs(y / mass - SIDE / 2)).toBeLessThan(0.2);
  });

  test('a single tap is a dot in the middle', () => {
    const pixels = picture([[{ x: 5, y: 5 }]]);
    expect(pixels[14 * SIDE + 14]).toBe(255);
    expect(bounds(pixels).width).toBeLessThanOrEqual(4);
  });
});
