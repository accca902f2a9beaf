import type { Writing, Written } from '../../../public/potluck.d.ts';
import type { FrameWritten } from '../channel.ts';

/** Starts to write: `onPiece` gets the text as it comes, and aborting the signal ends it. */
export type StartWriting = (onPiece: (text: string) => void, signal: AbortSignal) => Promise<FrameWritten>;

/** A text on its way, for a loop, or for whoever waits for the whole. */
export function writing(start: StartWriting, outer: AbortSignal | undefined): Writing {
  // AbortSignal.any came to Safari with 17.4 only.
  const control = new AbortController();
  const give = (): void => control.abort(outer?.reason);
  if (outer?.aborted) give();
  outer?.addEventListener('abort', give, { once: true });
  const pieces: string[] = [];
  let text = '';
  let wake = (): void => undefined;
  let over = false;
  const result = start((piece) => {
    text += piece;
    pieces.push(piece);
    wake();
  }, control.signal).then((end): Written => ({ text, ...end }));
  const settle = (): void => {
    outer?.removeEventListener('abort', give);
    over = true;
    wake();
  };
  // Heard of in the loop, or by whoever waits for the result: with neither it is nobody's business.
  result.then(settle, settle);
  return {
    result,
    [Symbol.asyncIterator]: async function* () {
      try {
        while (true) {
          const piece = pieces.shift();
          if (piece !== undefined) yield piece;
          else if (over) break;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
        await result;
      } finally {
        if (!over) control.abort(new DOMException('The loop over the text was left.', 'AbortError'));
      }
    },
  };
}
