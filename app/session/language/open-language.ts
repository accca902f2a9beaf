import { InputError } from '../../../core/errors.ts';
import { decoderIo } from '../../../core/language/decoder-io.ts';
import { systemClock } from '../../../core/mesh/clock.ts';
import type { Writer } from '../../../core/runtime/conversation.ts';
import type { Member } from '../../../core/runtime/member.ts';
import type { LanguageCard, ModelCard } from '../../../core/session/state.ts';
import { loadTokeniser } from './load-tokeniser.ts';
import type { Tokeniser } from './tokeniser.ts';

/** The largest tokenisers take this long at 1 Mbit/s. */
const FILES_MS = 300_000;

/** A model that writes, ready for text. */
export interface OpenLanguage {
  readonly writer: Writer;
  readonly tokeniser: Tokeniser;
  /** Each of them ends a text. */
  readonly stopTokens: ReadonlySet<number>;
  /** What the model's makers say of how words are chosen. */
  readonly sampling: NonNullable<LanguageCard['sampling']>;
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
  const { models } = member.asker;
  const isStill = (): boolean => member.asker.models === models;
  const tokeniser = await loadTokeniser(language, (pieces) =>
    member.weights.file(pieces, card.name, AbortSignal.timeout(FILES_MS)),
  );
  const { contextTokens } = language;
  const stopTokens = stopTokensOf(language, tokeniser);
  const { invariant = false } = card.runs ?? {};
  const { asker } = member;
  const texts: Writer['texts'] = new Set();
  const writer: Writer = { asker, clock: systemClock, io, contextTokens, invariant, isStill, texts };
  return { writer, tokeniser, stopTokens, sampling: language.sampling ?? {} };
}

/** What ends a text, by the model's settings and by its tokeniser's. */
export function stopTokensOf({ stopTokens }: LanguageCard, { endToken }: Tokeniser): ReadonlySet<number> {
  return new Set(endToken === null ? stopTokens : [...stopTokens, endToken]);
}
