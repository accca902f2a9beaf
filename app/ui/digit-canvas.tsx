import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Point, SIDE, type Stroke } from './strokes.ts';
import { theme } from './theme.ts';

/** The canvas's own pixels: sharp on a phone, shown at whatever size the page gives it. */
const SIZE = 560;
const PEN = 40;

interface Props {
  readonly strokes: readonly Stroke[];
  /** A finished picture to show in place of strokes. */
  readonly shown: ArrayLike<number> | null;
  readonly onPenDown: () => void;
  /** Called when the pen lifts, with all strokes so far. */
  readonly onDraw: (strokes: readonly Stroke[]) => void;
}

/** Paper for one digit: mouse, finger or pen. By keyboard one taps the samples instead. */
export function DigitCanvas({ strokes, shown, onPenDown, onDraw }: Props): VNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const current = useRef<Point[] | null>(null);
  const shade = theme.value;

  const paint = (all: readonly Stroke[]): void => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current) return;
    context.clearRect(0, 0, SIZE, SIZE);
    context.fillStyle = context.strokeStyle = getComputedStyle(canvas.current).color;
    context.lineWidth = PEN;
    context.lineCap = context.lineJoin = 'round';
    if (shown && all.length === 0) paintPixels(context, shown);
    for (const stroke of all) paintStroke(context, stroke);
  };
  useEffect(() => paint(strokes), [strokes, shown, shade]);

  const at = (event: PointerEvent): Point => {
    const box = (event.currentTarget as HTMLCanvasElement).getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SIZE,
      y: ((event.clientY - box.top) / box.height) * SIZE,
    };
  };
  const lift = (): void => {
    if (!current.current) return;
    const finished = [...strokes, current.current];
    current.current = null;
    onDraw(finished);
  };
  return (
    <canvas
      ref={canvas}
      class="digit"
      width={SIZE}
      height={SIZE}
      data-testid="digit-canvas"
      role="img"
      aria-label="Draw a digit from 0 to 9 here. By keyboard, choose one of the handwritten digits below."
      onPointerDown={(event) => {
        if (current.current || event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        current.current = [at(event)];
        onPenDown();
        paint([...strokes, current.current]);
      }}
      onPointerMove={(event) => {
        if (!current.current) return;
        current.current.push(at(event));
        paint([...strokes, current.current]);
      }}
      onPointerUp={lift}
      onPointerCancel={lift}
    />
  );
}

function paintStroke(context: CanvasRenderingContext2D, stroke: Stroke): void {
  context.beginPath();
  for (const [i, point] of stroke.entries()) {
    if (i === 0) context.moveTo(point.x, point.y);
    // A tap has no length; a line to itself still leaves a round dot.
    context.lineTo(point.x, point.y);
  }
  context.stroke();
}

function paintPixels(context: CanvasRenderingContext2D, pixels: ArrayLike<number>): void {
  const step = SIZE / SIDE;
  for (let i = 0; i < SIDE * SIDE; i++) {
    context.globalAlpha = (pixels[i] ?? 0) / 255;
    context.fillRect((i % SIDE) * step, Math.floor(i / SIDE) * step, step, step);
  }
  context.globalAlpha = 1;
}
