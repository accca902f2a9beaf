import type { Tokeniser, Turn } from '../../app/session/language/tokeniser.ts';
import { badRequest, type DoorError } from './door-error.ts';
import type { Prompt } from './text-wish.ts';

/** A token stands for so many characters at most, runs of spaces apart: longer texts are not even tokenised. */
const LONGEST_TOKEN = 64;

export interface PromptBounds {
  readonly tokeniser: Tokeniser;
  /** Tokens that the prompt may have. */
  readonly most: number;
  /** Absent where it is not known. */
  readonly vocabulary?: number | undefined;
  /** The field that it is from. */
  readonly param: string;
}

/**
 * The tokens of a prompt. A model that was not made for talk gets the turns as a text, one after the other, as in the
 * page. @throws DoorError 400, InputError where the template refuses the turns
 */
export function promptTokens(
  prompt: Prompt,
  { tokeniser, most, vocabulary, param }: PromptBounds,
): readonly number[] {
  if (lengthOf(prompt) > most * LONGEST_TOKEN) throw tooLong(most, param);
  const tokens = tokensOf(prompt, tokeniser);
  if (tokens.length === 0) throw badRequest('The text is empty.', param);
  if (tokens.length > most) throw tooLong(most, param, tokens.length);
  if (vocabulary !== undefined && tokens.some((token) => token >= vocabulary)) {
    throw badRequest(`The model has tokens from 0 to ${vocabulary - 1}.`, param);
  }
  return tokens;
}

function tokensOf(prompt: Prompt, tokeniser: Tokeniser): readonly number[] {
  if (prompt.kind === 'tokens') return prompt.tokens;
  if (prompt.kind === 'text') return tokeniser.encode(prompt.text, { special: true });
  if (tokeniser.talks) return tokeniser.talk(prompt.turns);
  return tokeniser.encode(joined(prompt.turns), { special: true });
}

function joined(turns: readonly Turn[]): string {
  return turns.map(({ content }) => content).join('\n');
}

function lengthOf(prompt: Prompt): number {
  if (prompt.kind === 'tokens') return prompt.tokens.length;
  const parts = prompt.kind === 'text' ? [prompt.text] : prompt.turns.map(({ content }) => content);
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function tooLong(most: number, param: string, length?: number): DoorError {
  const found = length === undefined ? 'far more' : `${length}`;
  const message = `The text may have ${most} tokens at most for this model, and it has ${found}.`;
  return badRequest(message, param, 'context_length_exceeded');
}
