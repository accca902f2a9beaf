import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { PathLine, TopBars } from './answer.tsx';
import type { AskProps } from './ask-card.tsx';
import { DigitCanvas } from './digit-canvas.tsx';
import { type Sample, useSamples } from './digit-samples.ts';
import { Glyph } from './glyph.tsx';
import { Repeat } from './repeat.tsx';
import { picture, type Stroke, toImage } from './strokes.ts';
import { useAsk } from './use-ask.ts';

/** After the pen lifts, this long may pass before the next stroke of the same digit. */
const PAUSE_MS = 300;

interface Question {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly label: string;
  readonly afterMs: number;
}

/** Draw a digit, or tap one that somebody else wrote; the room reads it by itself. */
export function DrawDigit({ state, actions, ready }: AskProps): VNode {
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const [question, setQuestion] = useState<Question | null>(null);
  const asked = useRef<Question | null>(null);
  const asking = useAsk();
  const samples = useSamples();

  useEffect(() => {
    // A new plan makes the room ready again; what was asked before it is not asked twice.
    if (!question || !ready || asked.current === question) return;
    const timer = setTimeout(() => {
      asked.current = question;
      asking.ask(() => actions.askImage(toImage(question.pixels), question.label));
    }, question.afterMs);
    return () => clearTimeout(timer);
  }, [question, ready]);

  const draw = (next: readonly Stroke[]): void => {
    setStrokes(next);
    setQuestion({ pixels: picture(next), label: 'a drawing', afterMs: PAUSE_MS });
  };
  const tap = (sample: Sample): void => {
    setStrokes([]);
    setQuestion({ pixels: sample.pixels, label: 'a handwritten digit', afterMs: 0 });
  };
  const clear = (): void => {
    setStrokes([]);
    setQuestion(null);
    asking.clear();
  };
  const [best] = asking.answer?.top ?? [];
  return (
    <>
      <div class="digit-ask">
        <div class="draw">
          <DigitCanvas
            strokes={strokes}
            shown={strokes.length === 0 ? (question?.pixels ?? null) : null}
            onPenDown={() => setQuestion(null)}
            onDraw={draw}
          />
          <button type="button" class="quiet clear" onClick={clear} disabled={!question && !best}>
            Clear
          </button>
        </div>
        <div class="reading" data-testid="answer" aria-live="polite" data-busy={asking.busy}>
          <div class="verdict">
            <b data-testid="answer-label">{best?.label ?? ''}</b>
            {!best && !asking.problem && (
              <span class="soft">{asking.busy ? 'reading…' : 'draw a digit'}</span>
            )}
          </div>
          <TopBars top={asking.answer?.top ?? []} most={3} />
          {asking.problem && <p class="problem">{asking.problem}</p>}
        </div>
      </div>
      {asking.answer ? <PathLine answer={asking.answer} state={state} /> : <p class="path" />}
      <ul class="samples" aria-label="Digits written by others">
        {samples.map((sample) => (
          <li key={sample.label}>
            <button
              type="button"
              aria-label={`Ask with a handwritten ${sample.label}`}
              onClick={() => tap(sample)}
            >
              <Glyph pixels={sample.pixels} />
            </button>
          </li>
        ))}
      </ul>
      <Repeat state={state} actions={actions} ready={ready && asking.answer !== null} />
    </>
  );
}
