import { renderSVG } from 'uqr';

/** A QR code as an SVG document, dark on white; as on the page, but for its size in pixels. */
export function qrSvg(text: string): string {
  // Level M and four light modules around it, as on the page.
  return renderSVG(text, { ecc: 'M', border: 4, pixelSize: 8 });
}
