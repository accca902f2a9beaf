import type { OpenLanguage } from '../../app/session/language/open-language.ts';
import type { Tokeniser, Turn } from '../../app/session/language/tokeniser.ts';
import { badRequest, type DoorError } from './door-error.ts';
import type { Prompt } from './text-wish.ts';

/** A token stands for so many characters at most, runs of spaces apart: longer texts are not even tokenised. */
const LONGEST_TOKEN = 64;

type Language = Pick<OpenLanguage, 'tokeniser' | 'writer'>;

/**
 * The tokens of a prompt, of which the model can hold all and at least one more. A model that was not made for talk gets
 * the turns as a text, one after the other, as in the page. @throws DoorError 400, also where the template refuses
 */
export function promptTokens(prompt: Prompt, { tokeniser, writer }: Language): readonly number[] {
  const { contextTokens, io } = writer;
  const param = prompt.kind === 'turns' ? 'messages' : 'prompt';
  if (lengthOf(prompt) > contextTokens * LONGEST_TOKEN) throw tooLong(contextTokens, param);
  const tokens = tokensOf(prompt, tokeniser);
  if (tokens.length === 0) throw badRequest('The prompt is empty.', param);
  if (tokens.length >= contextTokens) throw tooLong(contextTokens, param, tokens.length);
  const { vocabulary } = io;
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
  const message = `This model holds ${most} tokens, prompt and answer together, and the prompt has ${found}.`;
  return badRequest(message, param, 'context_length_exceeded');
}
