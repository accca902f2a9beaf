import { tokeniserFiles } from '../../app/session/language/load-tokeniser.ts';
import { Tokeniser, type TokeniserFiles } from '../../app/session/language/tokeniser.ts';
import { type EncoderIo, encoderIo } from '../../core/language/encoder-io.ts';
import type { Member } from '../../core/runtime/member.ts';
import type { LanguageCard, ModelCard } from '../../core/session/state.ts';
import { badRequest } from './door-error.ts';
import { PromptReader } from './prompt-reader.ts';

/** The largest tokenisers take this long at 1 Mbit/s. */
const FILES_MS = 300_000;

/** A model that makes vectors of texts, ready for them. */
export interface OpenEncoder {
  readonly io: EncoderIo;
  readonly reader: PromptReader;
  /** Tokens that a text can have. */
  readonly contextTokens: number;
}

/** @throws DoorError 400 for a model that gives no embeddings; what the way of its files throws */
export async function openEncoder({ weights }: Member, card: ModelCard): Promise<OpenEncoder> {
  const io = encoderIo(card);
  const { encoder } = card;
  if (!io || !encoder) {
    const message =
      'This model gives no embeddings: that takes an encoder with its tokenizer.json beside it.';
    throw badRequest(message, 'model', 'model_does_not_embed');
  }
  const files = () => filesOf(weights, encoder, card.name);
  const reader = new PromptReader(new Tokeniser(await files()), files);
  return { io, reader, contextTokens: encoder.contextTokens };
}

/** The model's own files for tokens, of which this device keeps the pieces. */
export function filesOf(
  weights: Member['weights'],
  { files }: Pick<LanguageCard, 'files'>,
  name: string,
): Promise<TokeniserFiles> {
  return tokeniserFiles({ files }, (pieces) => weights.file(pieces, name, AbortSignal.timeout(FILES_MS)));
}
