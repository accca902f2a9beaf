import jsQR from 'jsqr';
import type { Page } from 'playwright';
import { PNG } from 'pngjs';

const LOOKS = 10;
const LOOK_AGAIN_MS = 300;

/**
 * Reads the QR code as a camera would: from the pixels on the screen.
 * @throws Error when the code on the screen cannot be read.
 */
export async function readRoomQr(page: Page): Promise<string> {
  const code = page.getByTestId('qr').filter({ visible: true });
  const invite = page.getByRole('button', { name: /invite/i });
  await code.or(invite).first().waitFor({ state: 'visible' });
  // A small screen keeps the code behind a button.
  const behind = (await code.count()) === 0;
  if (behind) await invite.click();
  const text = await read(() => code.first().screenshot());
  if (behind) await page.keyboard.press('Escape');
  return text;
}

/** A page that still loads moves the code away under the camera, which looks again. */
async function read(look: () => Promise<Buffer>): Promise<string> {
  for (let tries = 1; ; tries++) {
    try {
      return decodeQr(await look());
    } catch (error) {
      if (tries === LOOKS) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }
}

/** Decodes the QR code in a PNG image. */
export function decodeQr(png: Buffer): string {
  const { data, width, height } = PNG.sync.read(png);
  return decodePicture(new Uint8ClampedArray(data), width, height);
}

function decodePicture(rgba: Uint8ClampedArray, width: number, height: number): string {
  const found = jsQR(rgba, width, height);
  if (!found) throw new Error(`No QR code could be read in the ${width} x ${height} picture.`);
  return found.data;
}

/** What each character of a terminal shows in its upper and its lower half: 1 is light. */
const HALVES: Readonly<Record<string, readonly [upper: number, lower: number]>> = {
  '\u2588': [1, 1],
  '\u2580': [1, 0],
  '\u2584': [0, 1],
  ' ': [0, 0],
};
const PIXELS_PER_MODULE = 4;

/**
 * Decodes the QR code that was printed in half blocks, from the picture that a terminal makes of it.
 * @throws Error when there is none in the text, or it cannot be read.
 */
export function decodeTerminalQr(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^[\u2580\u2584\u2588 ]{20,}$/.test(line));
  const columns = lines[0]?.length ?? 0;
  const [width, height] = [columns * PIXELS_PER_MODULE, lines.length * 2 * PIXELS_PER_MODULE];
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let at = 0; at < width * height; at++) {
    const [column, row] = [at % width, Math.floor(at / width)].map((n) => Math.floor(n / PIXELS_PER_MODULE));
    const letter = lines[(row ?? 0) >> 1]?.[column ?? 0] ?? ' ';
    const light = HALVES[letter]?.[(row ?? 0) & 1] ?? 0;
    rgba.set([255 * light, 255 * light, 255 * light, 255], at * 4);
  }
  return decodePicture(rgba, width, height);
}
