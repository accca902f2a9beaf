import type { Locator, Page } from 'playwright';

type Point = readonly [x: number, y: number];

/** Digits as strokes of a pen, in shares of the canvas's width and height. */
const STROKES: Readonly<Record<'3' | '7', readonly (readonly Point[])[]>> = {
  '7': [
    [
      [0.28, 0.25],
      [0.72, 0.25],
      [0.6, 0.48],
      [0.48, 0.8],
    ],
  ],
  '3': [
    [
      [0.33, 0.27],
      [0.5, 0.19],
      [0.66, 0.28],
      [0.64, 0.42],
      [0.48, 0.49],
      [0.66, 0.56],
      [0.69, 0.7],
      [0.53, 0.82],
      [0.33, 0.74],
    ],
  ],
};

/** Draws a digit on the canvas with the mouse, as a hand would: stroke by stroke. */
export async function drawDigit(
  page: Page,
  digit: keyof typeof STROKES,
  canvas: Locator = page.getByTestId('digit-canvas'),
): Promise<void> {
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (!box) throw new Error('The canvas is not on the screen.');
  for (const [start, ...rest] of STROKES[digit]) {
    if (!start) continue;
    await page.mouse.move(box.x + start[0] * box.width, box.y + start[1] * box.height);
    await page.mouse.down();
    for (const [x, y] of rest)
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 6 });
    await page.mouse.up();
  }
}
