import { randomInt } from 'node:crypto';
import type { OpenLanguage } from '../../app/session/language/open-language.ts';
import type { SamplingOptions } from '../../core/language/sampling.ts';
import { Conversation, type WriteEnd } from '../../core/runtime/conversation.ts';
import type { Turns } from '../../core/runtime/turns.ts';
import { writeText } from '../../core/runtime/write-text.ts';
import type { TextWish } from './text-wish.ts';

/** The model's own probabilities, as in OpenAI's API, where neither caller nor makers say. */
const SAMPLING: Omit<SamplingOptions, 'seed'> = { temperature: 1, topK: 0, topP: 1, repetitionPenalty: 1 };

export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** What a text came to. */
export interface TextEnd {
  readonly finish: 'stop' | 'length';
  readonly usage: Usage;
}

export interface WishNews {
  /** It waits for its turn in the room, or does not any more. */
  waits(isWaiting: boolean): void;
  token(): void;
}

/**
 * Has the room write, and gives out pieces of text that are whole characters. Whatever its end, the devices keep nothing
 * of it. @throws OverloadedError, RequestFailedError, the signal's reason
 */
export async function* writeWish(
  wish: TextWish,
  prompt: readonly number[],
  { writer, tokeniser, stopTokens, sampling }: OpenLanguage,
  { turns, signal, news }: { readonly turns: Turns; readonly signal: AbortSignal; readonly news: WishNews },
): AsyncGenerator<string, TextEnd> {
  const conversation = new Conversation(writer);
  let completionTokens = 0;
  let isWaiting = false;
  const waits = (now: boolean): void => {
    if (now !== isWaiting) news.waits(now);
    isWaiting = now;
  };
  const decode = (tokens: readonly number[]): string => tokeniser.decode(tokens);
  const pieces = writeText({ conversation, turns, decode }, prompt, {
    sampling: { ...SAMPLING, ...sampling, ...wish.sampling, seed: wish.seed ?? randomInt(2 ** 32) },
    maxNewTokens: wish.maxNewTokens ?? writer.contextTokens,
    stopTokens,
    stopStrings: wish.stops,
    signal,
    onTurn: () => waits(false),
  });
  try {
    waits(true);
    for (let next = await pieces.next(); ; next = await pieces.next()) {
      if (next.done) {
        return { finish: finishOf(next.value), usage: { promptTokens: prompt.length, completionTokens } };
      }
      if (next.value.token !== null) {
        completionTokens++;
        news.token();
      }
      if (next.value.text !== '') yield next.value.text;
    }
  } finally {
    waits(false);
    // Where nobody wants the rest, the turn is still to be given back.
    await pieces.return('stop');
    conversation.end();
  }
}

function finishOf(end: WriteEnd): TextEnd['finish'] {
  return end === 'stop' ? 'stop' : 'length';
}
