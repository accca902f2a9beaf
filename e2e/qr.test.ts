import { PNG } from 'pngjs';
import { encode, renderUnicodeCompact } from 'uqr';
import { expect, it } from 'vitest';
import { decodeQr, decodeTerminalQr } from './qr.ts';

/** Draws a QR code with `side` pixels a module, as a screenshot would show it. */
function picture(text: string, side: number): Buffer {
  const { data, size } = encode(text, { border: 4 });
  const png = new PNG({ width: size * side, height: size * side });
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const dark = data[Math.floor(y / side)]?.[Math.floor(x / side)] === true;
      png.data.set([dark ? 20 : 255, dark ? 30 : 255, dark ? 40 : 255, 255], (y * png.width + x) * 4);
    }
  }
  return PNG.sync.write(png);
}

it('reads a room link from the pixels of its code', () => {
  const link = 'https://192.168.1.20:8443/r/maple-otter-71#4ko3vGd0Qm9bS1uA7yXz-w';
  expect(decodeQr(picture(link, 4))).toBe(link);
});

it('reads it from a terminal, among other lines', () => {
  const link = 'http://127.0.0.1:40123/r/maple-otter-71#4ko3vGd0Qm9bS1uA7yXz-w';
  const code = renderUnicodeCompact(link, { border: 2 })
    .split('\n')
    .map((line) => `  ${line}`);
  expect(decodeTerminalQr(['In the room.', ...code, 'Scan the code.'].join('\n'))).toBe(link);
  expect(() => decodeTerminalQr('In the room.')).toThrow(/No QR code/);
});

it('says so when there is no code to read', () => {
  const blank = new PNG({ width: 100, height: 100, fill: true });
  blank.data.fill(255);
  expect(() => decodeQr(PNG.sync.write(blank))).toThrow(/No QR code/);
});
