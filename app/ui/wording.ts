import type { SessionState } from '../../core/session/state.ts';

/**
 * How sentences about answers are said of the present model: of one that writes, what passes the devices is a word.
 * Its pace is told beside each text, so nothing is said to be measured here or not.
 */
export function wordingOf({ model }: Pick<SessionState, 'model'>): (sentence: string) => string {
  if (model.kind !== 'ready' || !model.card.language) return (sentence) => sentence;
  return (sentence) =>
    sentence
      .replace(', not measured yet', '')
      .replace(/\b(a)n answer\b/gi, '$1 word')
      .replace(/\banswer(s?)\b/g, 'word$1');
}
