import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { encode } from 'uqr';

/** Light modules around the code; the standard (ISO/IEC 18004) asks for four. */
const QUIET = 4;

/** A QR code of `text`, dark on white in both themes, drawn as one path. */
export function QrCode({ text }: { readonly text: string }): VNode {
  const { size, path } = useMemo(() => {
    // Level M survives a fingerprint on the screen without making the code much denser.
    const { size, data } = encode(text, { ecc: 'M', border: QUIET });
    const path = data
      .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
      .filter(Boolean)
      .join('');
    return { size, path };
  }, [text]);
  return (
    <svg
      class="qr"
      data-testid="qr"
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label="QR code with the link to this room"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
