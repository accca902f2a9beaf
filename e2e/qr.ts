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
  const image = PNG.sync.read(png);
  const found = jsQR(new Uint8ClampedArray(image.data), image.width, image.height);
  if (!found) throw new Error(`No QR code could be read in the ${image.width} x ${image.height} picture.`);
  return found.data;
}
