import type { Tokeniser } from '../../app/session/language/tokeniser.ts';
import type { Prompt } from './text-wish.ts';

/**
 * The tokens of a prompt. A model that was not made for talk gets the turns as a text, one after the other, as in the
 * page. @throws InputError where the model's template refuses the turns
 */
export function tokensOf(prompt: Prompt, tokeniser: Tokeniser): readonly number[] {
  if (prompt.kind === 'tokens') return prompt.tokens;
  if (prompt.kind === 'text') return tokeniser.encode(prompt.text, { special: true });
  if (tokeniser.talks) return tokeniser.talk(prompt.turns);
  const text = prompt.turns.map(({ content }) => content).join('\n');
  return tokeniser.encode(text, { special: true });
}

/** Characters, or tokens where it is made of those. */
export function lengthOf(prompt: Prompt): number {
  if (prompt.kind === 'tokens') return prompt.tokens.length;
  const parts = prompt.kind === 'text' ? [prompt.text] : prompt.turns.map(({ content }) => content);
  return parts.reduce((sum, { length }) => sum + length, 0);
}
