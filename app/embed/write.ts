import { InputError } from '../../core/errors.ts';
import type { EmbedTurn, EmbedWrite } from '../../core/protocol/embed.ts';
import { Conversation } from '../../core/runtime/conversation.ts';
import type { BrowserSession } from '../session/browser-session.ts';
import type { OpenLanguage } from '../session/language/open-language.ts';
import { SAMPLING } from '../session/language/room-chat.ts';
import { talkPrompt } from '../session/language/talk-prompt.ts';
import { writeOnce } from '../session/language/write-once.ts';
import type { FrameWritten } from './channel.ts';
import type { AskContext } from './desk.ts';

const MAX_NEW_TOKENS = 256;

/** Has texts written for a site, and keeps what the devices know of the last talk, whose next turn begins with it. */
export class Scribe {
  readonly #session: BrowserSession;
  #idle: { readonly language: OpenLanguage; readonly conversation: Conversation } | undefined;

  constructor(session: BrowserSession) {
    this.#session = session;
  }

  /** @throws InputError for a model that does not write, or not in turns; what writing throws. */
  async write(
    input: string | readonly EmbedTurn[],
    { stop, maxNewTokens = MAX_NEW_TOKENS, ...given }: EmbedWrite,
    { signal, piece }: AskContext,
  ): Promise<FrameWritten> {
    const { member } = this.#session;
    const language = await this.#session.language();
    const prompt = typeof input === 'string' ? input : turnsPrompt(language, input);
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    const options = {
      seed,
      ...SAMPLING,
      ...language.sampling,
      ...given,
      maxNewTokens,
      signal,
      onText: piece,
    };
    const conversation = this.#take(language);
    try {
      const written = await writeOnce(
        member,
        language,
        prompt,
        { ...options, ...(stop && { stop }) },
        conversation,
      );
      const { ids, end, firstMs, tokensPerSec } = written;
      return {
        tokens: ids.length,
        end,
        firstMs: ids.length > 0 ? firstMs : null,
        tokensPerSecond: ids.length > 1 ? tokensPerSec : null,
      };
    } finally {
      this.#keep(language, conversation);
    }
  }

  #take(language: OpenLanguage): Conversation {
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.language === language) return idle.conversation;
    idle?.conversation.end();
    return new Conversation(language.writer);
  }

  /** Only the last one: each takes memory on every device. */
  #keep(language: OpenLanguage, conversation: Conversation): void {
    this.#idle?.conversation.end();
    this.#idle = { language, conversation };
  }
}

function turnsPrompt({ tokeniser, writer }: OpenLanguage, turns: readonly EmbedTurn[]): readonly number[] {
  if (tokeniser.talks) return talkPrompt(tokeniser, turns, writer.contextTokens);
  throw new InputError('This model was not made for talk.', {
    ...{ step: 'write', expected: 'a prompt as one text', actual: `${turns.length} turns` },
  });
}
