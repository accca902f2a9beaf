import { InputError } from '../../../core/errors.ts';
import { decoderIo } from '../../../core/language/decoder-io.ts';
import { systemClock } from '../../../core/mesh/clock.ts';
import type { Writer } from '../../../core/runtime/conversation.ts';
import type { Member } from '../../../core/runtime/member.ts';
import type { ModelCard } from '../../../core/session/state.ts';
import { loadTokeniser } from './load-tokeniser.ts';
import { RoomChat } from './room-chat.ts';
import type { Tokeniser } from './tokeniser.ts';

/** The largest tokenisers take this long at 1 Mbit/s. */
const FILES_MS = 300_000;

/** A model that writes, ready for text. */
export interface OpenLanguage {
  readonly writer: Writer;
  readonly tokeniser: Tokeniser;
  readonly stopTokens: readonly number[];
}

/** @throws InputError for a model that does not write; what the way of its files throws. */
export async function openLanguage(member: Member, card: ModelCard): Promise<OpenLanguage> {
  const io = decoderIo(card);
  const { language } = card;
  if (!io || !language) {
    const expected = 'a model that writes, with its tokenizer.json beside it';
    throw new InputError(`${card.name} cannot be talked to.`, {
      step: 'open a talk',
      expected,
      actual: card.name,
    });
  }
  const tokeniser = await loadTokeniser(language, (pieces) =>
    member.file(pieces, card.name, AbortSignal.timeout(FILES_MS)),
  );
  const { contextTokens, stopTokens } = language;
  return { writer: { asker: member.asker, clock: systemClock, io, contextTokens }, tokeniser, stopTokens };
}

/** A talk with the open model. @throws what {@link openLanguage} throws. */
export async function openChat(member: Member, card: ModelCard): Promise<RoomChat> {
  const { writer, tokeniser, stopTokens } = await openLanguage(member, card);
  return new RoomChat({
    writer,
    turns: member.turns,
    tokeniser,
    stopTokens,
    now: () => performance.now(),
    seed: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  });
}
