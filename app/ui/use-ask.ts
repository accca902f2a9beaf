import { useRef, useState } from 'preact/hooks';
import { messageOf } from '../../core/errors.ts';
import type { Answer } from '../session/store.ts';

/** One question after another: the last one asked is the one that shows. */
export interface Asking {
  readonly busy: boolean;
  readonly answer: Answer | null;
  readonly problem: string | null;
  readonly ask: (question: () => Promise<Answer>) => void;
  readonly clear: () => void;
}

export function useAsk(): Asking {
  const [view, setView] = useState<Omit<Asking, 'ask' | 'clear'>>({
    busy: false,
    answer: null,
    problem: null,
  });
  const turn = useRef(0);
  const ask = (question: () => Promise<Answer>): void => {
    const mine = ++turn.current;
    const show = (answer: Answer | null, problem: string | null): void => {
      if (mine === turn.current) setView({ busy: false, answer, problem });
    };
    setView((before) => ({ ...before, busy: true, problem: null }));
    question().then(
      (answer) => show(answer, null),
      (error: unknown) => show(null, messageOf(error)),
    );
  };
  const clear = (): void => {
    turn.current++;
    setView({ busy: false, answer: null, problem: null });
  };
  return { ...view, ask, clear };
}
