import { parseLanguageConfig } from '../protocol/parse-language.ts';
import type { LanguageCard, LanguageFile } from '../session/state.ts';
import type { Digest } from '../weights/digest.ts';
import { cutFile, type LaidPiece } from '../weights/file-pieces.ts';
import type { ModelSource } from './model-source.ts';

export const TOKENISER = 'tokenizer.json';
export const TOKENISER_CONFIG = 'tokenizer_config.json';
export const TEMPLATE = 'chat_template.jinja';
const CONFIG = 'config.json';
const GENERATION = 'generation_config.json';

/** Where no file says what a model can hold: the least of those in use. */
const MODEST_CONTEXT = 1024;

export interface FoundLanguage {
  readonly card: LanguageCard;
  /** The files' pieces, for the leader's shelf. */
  readonly pieces: readonly LaidPiece[];
}

/**
 * What lets people talk with a model that writes: the tokeniser and settings beside it. Null for one that comes without
 * a tokeniser. @throws ModelFormatError for a file that is not what it should be; FetchError
 */
export async function findLanguage(source: ModelSource, digest: Digest): Promise<FoundLanguage | null> {
  const tokeniser = await source.beside(TOKENISER);
  if (!tokeniser) return null;
  const more = await Promise.all(
    [TOKENISER_CONFIG, TEMPLATE, CONFIG, GENERATION].map((name) => source.beside(name)),
  );
  const [config, template, model, generation] = more;
  const said = await Promise.all(
    [
      { name: CONFIG, blob: model },
      { name: GENERATION, blob: generation },
    ].map(async ({ name, blob }) => blob && parseLanguageConfig(name, await blob.text())),
  );
  const files: LanguageFile[] = [];
  const pieces: LaidPiece[] = [];
  for (const { name, blob } of [
    { name: TOKENISER, blob: tokeniser },
    { name: TOKENISER_CONFIG, blob: config },
    { name: TEMPLATE, blob: template },
  ]) {
    if (!blob) continue;
    const cut = await cutFile(new Uint8Array(await blob.arrayBuffer()), digest);
    files.push({ name, pieces: cut.map(({ hash, length }) => ({ hash, length })) });
    pieces.push(...cut);
  }
  const contextTokens = said.find((each) => each?.contextTokens)?.contextTokens ?? MODEST_CONTEXT;
  const stopTokens = [...new Set(said.flatMap((each) => each?.stopTokens ?? []))];
  const sampling = Object.assign({}, ...said.map((each) => each?.sampling));
  return { card: { files, contextTokens, stopTokens, sampling }, pieces };
}
