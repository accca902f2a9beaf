import type { Tokeniser, Turn } from './tokeniser.ts';

/** At least so much of what a model can hold is left for its answer. */
const ANSWER_SHARE = 1 / 4;

/**
 * The tokens of a talk up to where the model is to speak. Where it has become longer than the model can hold, the
 * oldest turns are left out; the last question never is.
 */
export function talkPrompt(
  tokeniser: Tokeniser,
  turns: readonly Turn[],
  contextTokens: number,
): readonly number[] {
  const most = Math.floor(contextTokens * (1 - ANSWER_SHARE));
  for (let from = 0; ; from += 2) {
    const tokens = tokeniser.talk(turns.slice(from));
    if (tokens.length <= most || from + 2 >= turns.length) return tokens;
  }
}

/**
 * The tokens of a text that goes on after what stands there. Where it has become longer than the model can hold, its
 * beginning is left out.
 */
export function textPrompt(
  tokeniser: Tokeniser,
  before: readonly number[],
  text: string,
  contextTokens: number,
): readonly number[] {
  const tokens = [...before, ...tokeniser.encode(text, { special: before.length === 0 })];
  const most = Math.floor(contextTokens * (1 - ANSWER_SHARE));
  return before.length === 0 || tokens.length <= most ? tokens : tokens.slice(-most);
}
