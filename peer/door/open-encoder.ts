import { loadTokeniser } from '../../app/session/language/load-tokeniser.ts';
import type { Tokeniser } from '../../app/session/language/tokeniser.ts';
import { type EncoderIo, encoderIo } from '../../core/language/encoder-io.ts';
import type { Member } from '../../core/runtime/member.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { badRequest } from './door-error.ts';

/** The largest tokenisers take this long at 1 Mbit/s. */
const FILES_MS = 300_000;

/** A model that makes vectors of texts, ready for them. */
export interface OpenEncoder {
  readonly io: EncoderIo;
  readonly tokeniser: Tokeniser;
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
  const tokeniser = await loadTokeniser(encoder, (pieces) =>
    weights.file(pieces, card.name, AbortSignal.timeout(FILES_MS)),
  );
  return { io, tokeniser, contextTokens: encoder.contextTokens };
}
