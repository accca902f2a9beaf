import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { messageOf } from '../../../core/errors.ts';
import type { SamplingOptions } from '../../../core/language/sampling.ts';
import { Conversation, type WriteEnd, type Writer } from '../../../core/runtime/conversation.ts';
import type { Turns } from '../../../core/runtime/turns.ts';
import { writeText } from '../../../core/runtime/write-text.ts';
import type { Chat, ChatMessage, ChatPace, ChatSettings, ChatState } from '../store.ts';
import { talkPrompt, textPrompt } from './talk-prompt.ts';
import type { Tokeniser } from './tokeniser.ts';

/** Where a model's makers say nothing: lively, yet to the point; the unlikeliest words make small models stumble. */
export const SAMPLING: Omit<SamplingOptions, 'seed'> = {
  temperature: 0.8,
  topK: 40,
  topP: 0.95,
  repetitionPenalty: 1,
};
const MAX_NEW_TOKENS = 256;

export interface RoomChatOptions {
  readonly writer: Writer;
  readonly turns: Turns;
  readonly tokeniser: Tokeniser;
  readonly stopTokens: ReadonlySet<number>;
  /** What the model's makers say of how words are chosen. */
  readonly sampling: Partial<typeof SAMPLING>;
  /** Milliseconds. */
  readonly now: () => number;
  /** Unsigned 32 bits, at random: another for each answer. */
  readonly seed: () => number;
}

/** How quickly an answer comes. */
class Pace {
  readonly #clock: () => number;
  #askedAt = 0;
  #firstAt = 0;
  #tokens = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  begin(): void {
    this.#askedAt = this.#clock();
  }

  token(): void {
    this.#tokens++;
    if (this.#tokens === 1) this.#firstAt = this.#clock();
  }

  get now(): ChatPace {
    const sinceMs = Math.max(1, this.#clock() - this.#firstAt);
    return {
      tokens: this.#tokens,
      firstMs: this.#firstAt - this.#askedAt,
      perSecond: this.#tokens > 1 ? ((this.#tokens - 1) * 1000) / sinceMs : null,
    };
  }
}

/** A talk whose answers the room writes. */
export class RoomChat implements Chat {
  readonly settings: Signal<ChatSettings>;
  readonly #options: RoomChatOptions;
  readonly #sampling: typeof SAMPLING;
  readonly #state: Signal<ChatState>;
  #conversation: Conversation;
  /** Of a model that only writes on: all tokens so far. */
  #text: readonly number[] = [];
  /** The same before the last answer, to give another. */
  #textBefore: readonly number[] = [];
  #control: AbortController | undefined;
  #nextId = 1;

  constructor(options: RoomChatOptions) {
    const { writer, tokeniser } = options;
    this.#options = options;
    this.#sampling = { ...SAMPLING, ...options.sampling };
    this.settings = signal({
      temperature: this.#sampling.temperature,
      maxNewTokens: Math.min(MAX_NEW_TOKENS, writer.contextTokens),
    });
    this.#conversation = new Conversation(writer);
    this.#state = signal<ChatState>({
      messages: [],
      busy: false,
      talks: tokeniser.talks,
      usedTokens: 0,
      contextTokens: writer.contextTokens,
    });
  }

  get state(): ReadonlySignal<ChatState> {
    return this.#state;
  }

  send(text: string): void {
    const { tokeniser, writer } = this.#options;
    if (this.#state.value.busy || text.trim() === '') return;
    this.#add('user', text, 'done');
    if (!tokeniser.talks) {
      const joined = this.#text.length > 0 ? `\n${text}` : text;
      this.#text = textPrompt(tokeniser, this.#text, joined, writer.contextTokens);
    }
    void this.#answer();
  }

  stop(): void {
    this.#control?.abort(new Error('You stopped it.'));
  }

  again(): void {
    const { busy, messages } = this.#state.value;
    const last = messages.at(-1);
    if (busy || last?.role !== 'assistant') return;
    this.#text = this.#textBefore;
    this.#change({ messages: messages.slice(0, -1) });
    void this.#answer();
  }

  goOn(): void {
    const { tokeniser, writer } = this.#options;
    if (this.#state.value.busy || tokeniser.talks || this.#text.length === 0) return;
    this.#text = textPrompt(tokeniser, this.#text, '', writer.contextTokens);
    void this.#answer();
  }

  clear(): void {
    this.stop();
    this.#conversation.end();
    this.#conversation = new Conversation(this.#options.writer);
    this.#text = [];
    this.#change({ messages: [], busy: false, usedTokens: 0 });
  }

  /** Frees what the room keeps of it, for good. */
  end(): void {
    this.stop();
    this.#conversation.end();
  }

  #prompt(): readonly number[] {
    const { tokeniser, writer } = this.#options;
    if (!tokeniser.talks) return this.#text;
    const turns = this.#state.value.messages
      .filter(({ text }) => text !== '')
      .map(({ role, text }) => ({ role, content: text }));
    return talkPrompt(tokeniser, turns, writer.contextTokens);
  }

  async #answer(): Promise<void> {
    const { tokeniser } = this.#options;
    const control = new AbortController();
    this.#control = control;
    const conversation = this.#conversation;
    this.#textBefore = this.#text;
    const id = this.#add('assistant', '', 'waiting');
    const written: number[] = [];
    const tell = (change: Partial<ChatMessage>): void => {
      // A new talk has begun meanwhile.
      if (conversation === this.#conversation) this.#update(id, change);
    };
    this.#change({ busy: true });
    try {
      const end = await this.#write(conversation, control.signal, written, tell);
      tell({ status: 'done', cut: end === 'stop' ? null : end });
    } catch (error) {
      if (control.signal.aborted) tell({ status: 'stopped', place: null });
      else tell({ status: 'failed', place: null, problem: messageOf(error) });
    }
    if (conversation !== this.#conversation) return;
    if (!tokeniser.talks) this.#text = [...this.#text, ...written];
    this.#change({ busy: false });
  }

  /** Has one answer written, and tells how it comes on; its tokens go into `written`. */
  async #write(
    conversation: Conversation,
    signal: AbortSignal,
    written: number[],
    tell: (change: Partial<ChatMessage>) => void,
  ): Promise<WriteEnd> {
    const { turns, tokeniser, stopTokens, now, seed } = this.#options;
    const { temperature, maxNewTokens } = this.settings.value;
    const prompt = this.#prompt();
    const pace = new Pace(now);
    let text = '';
    const decode = (tokens: readonly number[]): string => tokeniser.decode(tokens);
    const pieces = writeText({ conversation, turns, decode }, prompt, {
      sampling: { ...this.#sampling, temperature, seed: seed() },
      maxNewTokens,
      stopTokens,
      stopStrings: [],
      signal,
      onPlace: (place) => tell({ place }),
      onTurn: () => {
        pace.begin();
        tell({ status: 'reading', place: null });
      },
    });
    for (let next = await pieces.next(); ; next = await pieces.next()) {
      if (next.done) return next.value;
      text += next.value.text;
      if (next.value.token !== null) {
        written.push(next.value.token);
        pace.token();
      }
      tell({ status: 'writing', text, pace: pace.now });
      this.#used(conversation, prompt.length + written.length);
    }
  }

  #used(conversation: Conversation, usedTokens: number): void {
    if (conversation === this.#conversation) this.#change({ usedTokens });
  }

  #add(role: ChatMessage['role'], text: string, status: ChatMessage['status']): number {
    const id = this.#nextId++;
    const message: ChatMessage = {
      id,
      role,
      text,
      status,
      place: null,
      problem: null,
      pace: null,
      cut: null,
    };
    this.#change({ messages: [...this.#state.value.messages, message] });
    return id;
  }

  #update(id: number, change: Partial<ChatMessage>): void {
    const { messages } = this.#state.value;
    this.#change({ messages: messages.map((each) => (each.id === id ? { ...each, ...change } : each)) });
  }

  #change(change: Partial<ChatState>): void {
    this.#state.value = { ...this.#state.value, ...change };
  }
}
