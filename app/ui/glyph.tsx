import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { SIDE } from './strokes.ts';
import { theme } from './theme.ts';

/** A small picture of grey levels in the colour of the text. */
export function Glyph({ pixels }: { readonly pixels: Uint8ClampedArray<ArrayBuffer> }): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shade = theme.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current) return;
    const ink =
      /\d+(?:, ?\d+)*/.exec(getComputedStyle(canvas.current).color)?.[0].split(',').map(Number) ?? [];
    const image = new ImageData(SIDE, SIDE);
    for (const [at, level] of pixels.entries()) image.data.set([...ink.slice(0, 3), level], at * 4);
    context.putImageData(image, 0, 0);
  }, [pixels, shade]);
  return <canvas ref={canvas} class="glyph" width={SIDE} height={SIDE} />;
}
