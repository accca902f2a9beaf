import { badRequest, type DoorError } from './door-error.ts';
import type { PromptReader } from './prompt-reader.ts';
import { lengthOf } from './prompt-text.ts';
import type { Prompt } from './text-wish.ts';

/** A token stands for so many characters at most, runs of spaces apart: longer texts are not even tokenised. */
const LONGEST_TOKEN = 64;

export interface PromptBounds {
  readonly reader: PromptReader;
  /** Characters of all prompts of the request, where it has several. */
  readonly together?: number | undefined;
  /** Tokens that the prompt may have. */
  readonly most: number;
  /** Absent where it is not known. */
  readonly vocabulary?: number | undefined;
  /** The field that it is from. */
  readonly param: string;
}

/** The tokens of a prompt, which the model can hold. @throws DoorError 400, InputError where the template refuses the turns */
export async function promptTokens(
  prompt: Prompt,
  { reader, together, most, vocabulary, param }: PromptBounds,
): Promise<readonly number[]> {
  if (lengthOf(prompt) > most * LONGEST_TOKEN) throw tooLong(most, param);
  const tokens = await reader.tokens(prompt, together);
  if (tokens.length === 0) throw badRequest('The text is empty.', param);
  if (tokens.length > most) throw tooLong(most, param, tokens.length);
  if (vocabulary !== undefined && tokens.some((token) => token >= vocabulary)) {
    throw badRequest(`The model has tokens from 0 to ${vocabulary - 1}.`, param);
  }
  return tokens;
}

function tooLong(most: number, param: string, length?: number): DoorError {
  const found = length === undefined ? 'far more' : `${length}`;
  const message = `The text may have ${most} tokens at most for this model, and it has ${found}.`;
  return badRequest(message, param, 'context_length_exceeded');
}
