import { ModelFormatError } from '../../../core/errors.ts';
import { TEMPLATE, TOKENISER, TOKENISER_CONFIG } from '../../../core/opening/language-files.ts';
import type { FilePiece, LanguageCard } from '../../../core/session/state.ts';
import { Tokeniser, type TokeniserFiles } from './tokeniser.ts';

type Fetch = (pieces: readonly FilePiece[]) => Promise<Blob>;

/** Brings the model's own files for tokens to this device, and reads them. @throws ModelFormatError, and what `fetch` throws. */
export async function loadTokeniser(card: Pick<LanguageCard, 'files'>, fetch: Fetch): Promise<Tokeniser> {
  return new Tokeniser(await tokeniserFiles(card, fetch));
}

/** The files alone. @throws ModelFormatError where there is no tokeniser, and what `fetch` throws. */
export async function tokeniserFiles(
  { files }: Pick<LanguageCard, 'files'>,
  fetch: Fetch,
): Promise<TokeniserFiles> {
  const text = async (name: string): Promise<string | null> => {
    const file = files.find((each) => each.name === name);
    return file ? (await fetch(file.pieces)).text() : null;
  };
  const [tokeniser, config, template] = await Promise.all([TOKENISER, TOKENISER_CONFIG, TEMPLATE].map(text));
  if (tokeniser === null || tokeniser === undefined) {
    const data = {
      step: 'read the tokeniser',
      expected: TOKENISER,
      actual: files.map(({ name }) => name).join(', '),
    };
    throw new ModelFormatError('This model came without a tokeniser.', data);
  }
  return { tokeniser, config: config ?? null, template: template ?? null };
}
