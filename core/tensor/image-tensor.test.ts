import { describe, expect, test } from 'vitest';
import type { ImagePreprocess } from '../session/state.ts';
import { digitToTensor, imageToTensor } from './image-tensor.ts';
import type { Pixels } from './ink.ts';
import { asFloat32, type Tensor } from './tensor.ts';

const PLAIN: ImagePreprocess = {
  input: 'image',
  width: 2,
  height: 1,
  layout: 'NCHW',
  channels: 'RGB',
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  resize: 'stretch',
};

/** Each pixel is [red, green, blue]. */
function picture(width: number, pixels: readonly (readonly number[])[]): Pixels {
  const data = Uint8Array.from(pixels.flatMap(([r = 0, g = 0, b = 0]) => [r, g, b, 255]));
  return { width, height: pixels.length / width, data };
}

const TWO = picture(2, [
  [10, 20, 30],
  [40, 50, 60],
]);

const values = (t: Tensor): number[] => [...asFloat32(t)];

describe('imageToTensor', () => {
  test('lays channels out as the model wants them', () => {
    expect(values(imageToTensor(TWO, PLAIN))).toEqual([10, 40, 20, 50, 30, 60]);
    expect(values(imageToTensor(TWO, { ...PLAIN, channels: 'BGR' }))).toEqual([30, 60, 20, 50, 10, 40]);
    const last = imageToTensor(TWO, { ...PLAIN, layout: 'NHWC' });
    expect(values(last)).toEqual([10, 20, 30, 40, 50, 60]);
    expect(last.dims).toEqual([1, 1, 2, 3]);
  });

  test('scales first, then takes the mean off and divides, by channel of the result', () => {
    const scaled = { ...PLAIN, channels: 'BGR', scale: 0.5, mean: [1, 2, 3], std: [2, 4, 8] } as const;
    expect(values(imageToTensor(TWO, scaled)).slice(0, 3)).toEqual([7, 14.5, 2]);
  });

  test('weighs the colours for a grey model', () => {
    const gray = { ...PLAIN, channels: 'gray', mean: [0], std: [1] } as const;
    expect(
      values(
        imageToTensor(
          picture(2, [
            [255, 255, 255],
            [255, 0, 0],
          ]),
          gray,
        ),
      ),
    ).toEqual([255, 76]);
  });

  test('fits the whole picture in and leaves nothing around it', () => {
    const tall = { ...PLAIN, width: 2, height: 4, resize: 'fit', mean: [5, 5, 5] } as const;
    expect(values(imageToTensor(TWO, tall)).slice(0, 8)).toEqual([0, 0, 5, 35, 0, 0, 0, 0]);
  });

  test('covers the frame with the middle of the picture', () => {
    const wide = picture(4, [[1], [2], [3], [4]]);
    expect(
      values(imageToTensor(wide, { ...PLAIN, width: 2, height: 1, resize: 'cover' })).slice(0, 2),
    ).toEqual([2, 3]);
  });

  test.each<[string, Partial<ImagePreprocess>]>([
    ['no width', { width: 0 }],
    ['half a pixel', { height: 1.5 }],
    ['a size that fills the memory', { width: 1_000_000 }],
    ['one mean for three channels', { mean: [0] }],
    ['a deviation of 0', { std: [1, 0, 1] }],
  ])('refuses %s', (_, wrong) => {
    expect(() => imageToTensor(TWO, { ...PLAIN, ...wrong })).toThrow(
      expect.objectContaining({ name: 'InputError' }),
    );
  });
});

describe('digitToTensor', () => {
  const digits: ImagePreprocess = {
    ...PLAIN,
    width: 28,
    height: 28,
    channels: 'gray',
    scale: 1 / 255,
    mean: [0],
    std: [1],
  };
  const draw = (size: number, paper: number[], ink: number[], left: number): Pixels => {
    const inside = (x: number, y: number) => x >= left && x < left + 20 && y >= 30 && y < 130;
    const data = Uint8Array.from({ length: size * size * 4 }, (_, i) => {
      const pixel = i >> 2;
      return (inside(pixel % size, Math.floor(pixel / size)) ? ink : paper)[i & 3] ?? 0;
    });
    return { width: size, height: size, data };
  };

  test('gives the same digit for dark ink on white, light on black and any colour on nothing, anywhere', () => {
    const drawings = [
      draw(200, [255, 255, 255, 255], [20, 20, 60, 255], 40),
      draw(200, [10, 10, 10, 255], [240, 240, 230, 255], 150),
      draw(200, [0, 0, 0, 0], [200, 30, 30, 255], 90),
    ];
    const [first, ...others] = drawings.map((drawing) => digitToTensor(drawing, digits));
    expect(first?.dims).toEqual([1, 1, 28, 28]);
    for (const other of others) expect(other).toEqual(first);
  });

  test('fits a stroke 100 high and 20 wide into 20 by 4 in the middle', () => {
    const ink = values(digitToTensor(draw(200, [0, 0, 0, 0], [0, 0, 0, 255], 40), digits));
    const at = (x: number, y: number): number => ink[y * 28 + x] ?? -1;
    expect(ink.filter((value) => value > 0.5)).toHaveLength(80);
    expect([at(13, 14), at(14, 14), at(14, 3), at(14, 25)]).toEqual([1, 1, 0, 0]);
  });

  test('of an empty canvas is empty', () => {
    expect(new Set(values(digitToTensor(draw(150, [0, 0, 0, 0], [0, 0, 0, 0], 0), digits)))).toEqual(
      new Set([0]),
    );
    const grey = [200, 200, 200, 255];
    expect(new Set(values(digitToTensor(draw(150, grey, grey, 0), digits)))).toEqual(new Set([0]));
  });

  test('keeps a digit of 28 by 28 as it is', () => {
    const pixels = Array.from({ length: 784 }, (_, i) =>
      i === 400 ? [255, 255, 255] : i === 401 ? [128, 128, 128] : [0],
    );
    const ink = values(digitToTensor(picture(28, pixels), digits));
    expect([ink[400], ink[401]].map((value) => Math.round((value ?? 0) * 255))).toEqual([255, 128]);
  });
});
