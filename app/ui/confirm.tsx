import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface Props {
  /** On the button: "Clear". */
  readonly words: string;
  /** What it is done to, where several such buttons stand in a list. */
  readonly what?: string;
  readonly question: string;
  readonly act: () => Promise<void>;
}

/** A button that asks once more, in its own place. The focus goes to the harmless answer, and back. */
export function Confirm({ words, what, question, act }: Props): VNode {
  const [step, setStep] = useState<'rest' | 'asking' | 'acting'>('rest');
  const first = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (step === 'asking') keep.current?.focus();
    else if (step === 'rest' && asked.current) first.current?.focus();
    asked.current = step !== 'rest';
  }, [step]);
  if (step === 'asking') {
    return (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the fields of a form.
      <span class="confirm" role="group" aria-label={what ? `${question} ${what}` : question}>
        <span>{question}</span>
        <button
          type="button"
          class="grave"
          onClick={() => {
            setStep('acting');
            void act().finally(() => setStep('rest'));
          }}
          data-testid="confirm"
        >
          {words}
        </button>
        <button type="button" ref={keep} onClick={() => setStep('rest')}>
          Keep
        </button>
      </span>
    );
  }
  return (
    <button
      type="button"
      ref={first}
      disabled={step === 'acting'}
      aria-label={what && `${words} ${what}`}
      onClick={() => setStep('asking')}
    >
      {step === 'acting' ? 'Clearing…' : words}
    </button>
  );
}
